"""The import contracts of pyproject.toml refuse what DESIGN.md forbids.

Each probe adds one import, or one module, to the graph of the imports. What a graph of modules does not show,
which names are imported and when, is read in the syntax."""

import ast
from copy import deepcopy

import grimp
import pytest
from importlinter import Contract
from importlinter.api import read_configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract

from generation import daam
from tests.imports import names_imported, names_imported_when_loaded, trees
from tests.sources import SITE, TOP

TYPES = {
    each.type_name: each
    for each in (ForbiddenContract, IndependenceContract, LayersContract, ProtectedContract)
}

# The contracts that a probe breaks, by the beginning of their names.
APPS = "Imports run one way"
PURE = "The pure cores"
TORCH = "Only the engine"
ENGINE = "Only the worker's execution"
EXECUTION = "Only jobs"

FORBIDDEN = [
    # importer, imported, contract
    ("annotations.services.studies", "evaluation.frames.responses", APPS),
    ("generation.services.runs", "annotations.models", APPS),
    ("generation.pictures.overlays", "evaluation.links", APPS),
    ("daamweb.work.models", "annotations.models", APPS),
    ("daamweb.fields", "generation.models", APPS),
    ("daamweb.pokes", "daamweb.celery", "Inside daamweb"),
    ("daamweb.constraints", "daamweb.work.models", "Inside daamweb"),
    ("daamweb.work.models", "daamweb.projects.models", "Inside daamweb"),
    ("daamweb.projects.forms", "daamweb.admin_forms", "Inside daamweb"),
    ("daamweb.names", "daamweb.projects.models", "Inside daamweb"),
    ("daamweb.projects.models.projects", "annotations.models", APPS),
    ("daamweb.projects.models.projects", "daamweb.projects.roles", "Inside projects"),
    ("daamweb.projects.roles", "daamweb.projects.selectors", "Inside projects"),
    ("daamweb.projects.services.staff", "daamweb.projects.forms", "Inside projects"),
    ("daamweb.projects.backend", "daamweb.projects.views.projects", "Inside projects"),
    ("daamweb.work.models", "daamweb.work.jobs", "Inside leased work"),
    ("daamweb.projects.selectors", "daamweb.waiting.buttons", "Inside daamweb"),
    ("daamweb.waiting.buttons", "daamweb.waiting.tags", "Inside waiting"),
    ("daamweb.door.models", "daamweb.work.models", "Inside daamweb"),
    ("daamweb.door.logins", "daamweb.account.services", "Inside daamweb"),
    ("daamweb.account.forms", "daamweb.site", "Inside daamweb"),
    ("daamweb.door.models", "daamweb.door.limits.buckets", "Inside the door"),
    ("daamweb.account.services", "daamweb.account.forms", "Inside accounts"),
    ("daamweb.door.bodies", "daamweb.door.texts", "Inside the door"),
    ("annotations.views.turns", "daamweb.settings", "No app imports"),
    ("generation.models.runs", "generation.services.runs", "Inside generation"),
    ("generation.pictures.overlays", "generation.selectors", "Inside generation"),
    ("generation.services.runs", "generation.jobs", "Inside generation"),
    ("generation.services.runs", "generation.execution", "Inside generation"),
    ("generation.prompts.words", "generation.errors", "Inside generation"),
    ("annotations.services.claims", "annotations.recruitment", "Inside annotations"),
    ("annotations.recruitment", "annotations.jobs", "Inside annotations"),
    ("annotations.recruitment", "annotations.views.turns", "Inside annotations"),
    ("annotations.kinds.attribution.tasks", "annotations.services.studies", "Inside annotations"),
    ("annotations.models.tasks", "annotations.selectors", "Inside annotations"),
    ("evaluation.services", "evaluation.jobs", "Inside evaluation"),
    ("evaluation.exports", "evaluation.reports", "Inside evaluation"),
    ("evaluation.statistics.opinion", "evaluation.documents", "Inside evaluation"),
    ("annotations.kinds.attribution.tasks", "annotations.kinds.object_presence", "A kind of task"),
    ("evaluation.analyses.cohyponyms", "evaluation.analyses.opinion.analysis", "An analysis"),
    ("evaluation.analyses.opinion.section", "evaluation.analyses.cohyponyms.figures", "An analysis"),
    ("evaluation.analyses.responses", "evaluation.analyses.opinion", "An analysis"),
    ("evaluation.analyses.opinion.analysis", "evaluation.frames.responses", PURE),
    ("evaluation.analyses.opinion.analysis", "evaluation.models", PURE),
    ("evaluation.analyses.opinion.analysis", "annotations.models", PURE),
    ("evaluation.analyses.opinion.analysis", "django", PURE),
    ("evaluation.documents", "django", PURE),
    ("evaluation.inputs", "generation.models", PURE),
    ("evaluation.statistics.opinion", "django", PURE),
    ("generation.daam.tokens", "django", PURE),
    ("generation.prompts.sampling", "django", PURE),
    ("generation.prompts.sampling", "daamweb.fields", PURE),
    ("annotations.ring", "annotations.models", PURE),
    ("annotations.services.studies", "generation.views", "Pages and commands of an app"),
    ("annotations.services.studies", "generation.admin", "Pages and commands of an app"),
    ("evaluation.models", "annotations.views.turns", "Pages and commands of annotations"),
    ("evaluation.views.reports", "annotations.admin.studies", "Pages and commands of annotations"),
    ("annotations.models.studies", "generation.jobs", "Rows, services and what computes"),
    ("evaluation.services.reports", "annotations.jobs", "Rows, services and what computes"),
    ("evaluation.views.reports", "scipy", "Only statistics and analyses"),
    ("evaluation.services.reports", "statsmodels", "Only statistics and analyses"),
    ("generation.services.runs", "torch", TORCH),
    ("generation.jobs", "diffusers", TORCH),
    ("annotations.views.pictures", "transformers", TORCH),
    ("generation.models.prompts", "spacy", "Only the parser"),
    ("annotations.services.studies", "spacy", "Only the parser"),
    ("generation.views", "generation.daam.tracer", ENGINE),
    ("annotations.views.pictures", "generation.daam.overlay", ENGINE),
    ("annotations.kinds.attribution.displays", "generation.daam.displays", ENGINE),
    ("generation.jobs", "generation.daam.checkpoints", ENGINE),
    ("generation.forms", "generation.daam.checkpoint_folders", ENGINE),
    ("generation.daam.heat_maps", "generation.daam.tracer", "Maps are read"),
    ("generation.daam.checkpoint_folders", "torch", "Maps are read"),
    ("annotations.views.researchers", "generation.execution", EXECUTION),
    ("generation.views", "generation.execution", EXECUTION),
    ("evaluation.analyses.opinion.section", "generation.demo.scenes", "Of what made the demo"),
]


def configuration() -> dict:
    return read_configuration(str(TOP / "pyproject.toml"))


@pytest.fixture(scope="module")
def contracts() -> list[Contract]:
    options = configuration()
    return [
        TYPES[contract["type"]](contract["name"], options["session_options"], contract)
        for contract in options["contracts_options"]
    ]


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    roots = configuration()["session_options"]["root_packages"]
    return grimp.build_graph(*roots, include_external_packages=True, cache_dir=None)


def broken(contracts: list[Contract], imports: grimp.ImportGraph) -> list[str]:
    """The names of the contracts that do not hold for these imports."""
    return [each.name for each in contracts if not each.check(deepcopy(imports), verbose=False).kept]


def test_the_imports_keep_every_contract(contracts, imports):
    assert broken(contracts, imports) == []


def test_every_package_of_the_site_is_under_contract():
    packages = {path.parent.name for path in TOP.glob("*/__init__.py")}
    assert packages - set(configuration()["session_options"]["root_packages"]) == {"benchmarks", "tests"}


@pytest.mark.parametrize(("importer", "imported", "contract"), FORBIDDEN)
def test_a_forbidden_import_breaks_its_contract(contracts, imports, importer, imported, contract):
    assert {importer, imported} <= imports.modules, "The probe names a module that is not there."
    assert not imports.direct_import_exists(importer=importer, imported=imported)
    probed = deepcopy(imports)
    probed.add_import(importer=importer, imported=imported)
    assert [name for name in broken(contracts, probed) if name.startswith(contract)]


def test_every_contract_has_a_probe(contracts):
    probed = tuple({contract for _, _, contract in FORBIDDEN})
    assert [each.name for each in contracts if not each.name.startswith(probed)] == []


@pytest.mark.parametrize(
    ("newcomer", "contract"),
    [
        ("daamweb.newcomer", "Inside daamweb"),
        ("daamweb.projects.newcomer", "Inside projects"),
        ("daamweb.work.newcomer", "Inside leased work"),
        ("daamweb.waiting.newcomer", "Inside waiting"),
        ("daamweb.account.newcomer", "Inside accounts"),
        ("daamweb.door.newcomer", "Inside the door"),
        ("generation.newcomer", "Inside generation"),
        ("annotations.newcomer", "Inside annotations"),
        ("evaluation.newcomer", "Inside evaluation"),
    ],
)
def test_a_module_without_a_place_breaks_the_contract_of_its_app(contracts, imports, newcomer, contract):
    probed = deepcopy(imports)
    probed.add_module(newcomer)
    assert [name for name in broken(contracts, probed) if name.startswith(contract)]


@pytest.mark.parametrize(
    ("folder", "contract"), [("annotations.kinds", "A kind"), ("evaluation.analyses", "An analysis")]
)
def test_a_new_folder_is_as_independent_as_the_others(contracts, imports, folder, contract):
    """A kind or an analysis needs no line in the contracts, and may use their interface."""
    probed = deepcopy(imports)
    probed.add_module(f"{folder}.newcomer")
    probed.add_import(importer=f"{folder}.newcomer", imported=f"{folder}.interface")
    probed.add_import(importer=f"{folder}.registry", imported=f"{folder}.newcomer")
    assert broken(contracts, probed) == broken(contracts, imports)
    other = next(each for each in sorted(imports.find_children(folder)) if imports.find_children(each))
    probed.add_import(importer=f"{folder}.newcomer", imported=other)
    assert [name for name in broken(contracts, probed) if name.startswith(contract)]


# What the syntax shows: names, and where they are imported.


def starts_execution(tree: ast.AST) -> bool:
    return any(name.startswith("generation.execution") for name in names_imported_when_loaded(tree))


def test_jobs_and_commands_import_execution_in_their_body_only():
    loading = [path for path, tree in trees(*SITE) if starts_execution(tree)]
    assert loading == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from generation.execution import execute_batch", True),
        ("from generation import execution", True),
        ("try:\n    import generation.execution\nexcept ImportError:\n    pass", True),
        ("class Job:\n    from generation.execution import execute_batch", True),
        ("def job():\n    from generation.execution import execute_batch", False),
    ],
)
def test_an_import_of_execution_when_a_module_is_loaded_is_found(source, found):
    assert starts_execution(ast.parse(source)) is found


def test_only_execution_imports_the_names_of_the_engine_that_load_torch():
    """`generation.daam` fetches them when they are asked for, which a graph of modules does not show."""
    with_torch = {f"generation.daam.{name}" for name in set(daam.__all__) - set(vars(daam))}
    assert "generation.daam.trace" in with_torch
    importing = [
        path
        for path, tree in trees(*SITE)
        if names_imported(tree) & with_torch and not path.startswith("generation/daam/")
    ]
    assert importing == ["generation/execution.py"]
