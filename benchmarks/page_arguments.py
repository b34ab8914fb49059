"""What a site's addresses are given as arguments: rows out of a site as benchmarks/site_rows.py makes it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.contrib.auth.models import User
from django.db.models import Model, Q, QuerySet

from annotations.models import Assignment, Study
from annotations.selectors import ShownTask
from annotations.views.pictures import pictures_of
from benchmarks.site_rows import Site
from daamweb.projects.models import Project
from daamweb.projects.roles import project_paths
from evaluation.models import Report
from evaluation.services.results import load_document
from generation.models import Checkpoint, GenerationRun, Import, PromptSet

RESEARCHER = ("researcher",)
TAKING_PART = ("researcher", "annotator")
EVERYBODY = ("researcher", "annotator", "finished", "stranger")
WAYS_OUT = ("report", "stop", "stopped", "withdraw", "no-consent")
PROJECT_PAGES = ("history", "stored", "erase", "rename", "archive", "restore", "leave", "invite")


@dataclass(frozen=True)
class Arguments:
    """In the address's order; whose pages are visited, by which browsers, and what htmx adds (`query`)."""

    values: tuple[Any, ...]
    name: str = "the large study"
    who: tuple[str, ...] = RESEARCHER
    query: str = ""


def arguments(site: Site) -> dict[str, list[Arguments]]:
    """Of every address that has arguments, visited or not, but for the admin's pages of one row."""
    study, draft = site.study, site.studies[Study.State.DRAFT]
    in_arabic = [Arguments((draft.pk, "ar"), name="the draft")]
    of_study = Arguments((study.slug,), who=EVERYBODY)
    of_turns = [
        Arguments((study.slug, site.turn(state).pk), name=f"a {state} turn", who=TAKING_PART)
        for state in (Assignment.State.CLAIMED, Assignment.State.SUBMITTED)
    ]
    claimed = site.turn(Assignment.State.CLAIMED)
    of_turn = Arguments((study.slug, claimed.pk), name="a claimed turn", who=("annotator",))
    return {
        **_of_projects(site),
        "studies/<int:pk>/data/": [Arguments((study.pk,))],
        "studies/<int:pk>/retention/": [Arguments((study.pk,))],
        "studies/<int:pk>/erase/": [Arguments((study.pk,))],
        "studies/<int:pk>/languages/": [Arguments((draft.pk,), name="the draft")],
        "studies/<int:pk>/languages/<str:tag>/": in_arabic,
        "studies/<int:pk>/languages/<str:tag>/remove/": in_arabic,
        "studies/<int:pk>/codes/": [Arguments((study.pk,))],
        "studies/<int:pk>/codes/entry-codes.csv": [Arguments((study.pk,))],
        "studies/<int:pk>/codes/revoke/": [Arguments((study.pk,))],
        "people/<int:pk>/erase/": [Arguments((site.annotator.pk,), name="an annotator")],
        "admin/annotations/study/<int:pk>/state/<str:change>/": [Arguments((study.pk, "close"))],
        **_of_images(site),
        **_of_evaluation(site),
        "s/<slug:slug>/": [
            Arguments((each.slug,), name=f"the {state} study", who=EVERYBODY)
            for state, each in site.studies.items()
            if each.plan_id is not None
        ],
        "s/<slug:slug>/instructions/": [of_study],
        "s/<slug:slug>/language/": [of_study],
        "s/<slug:slug>/next/": [of_study],
        "s/<slug:slug>/keep/": [of_study],
        "s/<slug:slug>/waiting/": [of_study],
        "s/<slug:slug>/thanks/": [of_study],
        **{f"s/<slug:slug>/{page}/": [of_study] for page in WAYS_OUT},
        "s/<slug:slug>/assignments/<int:pk>/": of_turns,
        "s/<slug:slug>/assignments/<int:pk>/extend/": of_turns,
        **{f"s/<slug:slug>/assignments/<int:pk>/{page}/": [of_turn] for page in ("decline", "report")},
    }


def _of_evaluation(site: Site) -> dict[str, list[Arguments]]:
    study, draft = site.study, site.studies[Study.State.DRAFT]
    return {
        "evaluation/studies/<int:study_pk>/report/": [
            Arguments((study.pk,)),
            Arguments((draft.pk,), name="the draft"),
        ],
        "evaluation/studies/<int:study_pk>/analyses/<slug:key>/": [Arguments((study.pk, "opinion"))],
        "evaluation/studies/<int:study_pk>/analyses/<slug:key>/refresh/": [Arguments((study.pk, "opinion"))],
        "evaluation/runs/<int:run_pk>/analyses/<slug:key>/refresh/": [Arguments((site.run.pk, "opinion"))],
        "evaluation/studies/<int:study_pk>/responses.csv": [Arguments((study.pk,))],
        "evaluation/exports/<int:pk>/responses.csv": [Arguments((site.export.pk,), name="an export")],
        "evaluation/runs/<int:run_pk>/analyses/": [Arguments((site.run.pk,))],
        "evaluation/runs/<int:run_pk>/analyses/<slug:key>/": [Arguments((site.run.pk, "opinion"))],
        "evaluation/exports/<int:pk>/participations.csv": [Arguments((site.export.pk,), name="an export")],
        "evaluation/studies/<int:study_pk>/codebook.csv": [Arguments((study.pk,))],
        "evaluation/studies/<int:study_pk>/participations-codebook.csv": [Arguments((study.pk,))],
        "evaluation/results/<slug:fingerprint>/figures/<slug:name>.svg": [
            Arguments((site.report.fingerprint, _figure(site)))
        ],
    }


def _of_images(site: Site) -> dict[str, list[Arguments]]:
    generation = site.run.generations.order_by("pk").last()
    word = generation.prompt.words.order_by("pk").last()
    importing = Import.objects.filter(project=site.project).latest("pk")
    work = [Arguments((Import._meta.label_lower, importing.pk), name="an import")]
    pictures = pictures_of(ShownTask.of(site.study.tasks.select_related("generation").last()))
    return {
        "generation/pictures/<str:signed>": [
            Arguments((unquote(address.rpartition("/")[2]),), name=f"the {kind}", who=EVERYBODY)
            for kind, address in (("image", pictures.image), ("overlay", pictures.overlay))
        ],
        "generation/imports/<int:pk>/": [Arguments((importing.pk,))],
        "generation/runs/<int:pk>/": [
            Arguments((site.run.pk,)),
            Arguments((site.run.pk,), query="?after=47.0"),
        ],
        "generation/runs/<int:pk>/retry/": [Arguments((site.run.pk,))],
        "generation/runs/<int:pk>/cancel/": [Arguments((site.run.pk,))],
        "generation/images/<int:pk>/": [Arguments((generation.pk,))],
        "generation/images/<int:pk>/image.png": [Arguments((generation.pk,))],
        "generation/images/<int:pk>/overlays/<int:word_pk>.webp": [Arguments((generation.pk, word.pk))],
        "work/<str:label>/<int:pk>/": work,
        "work/<str:label>/<int:pk>/cancel/": work,
        "work/<str:label>/<int:pk>/again/": work,
    }


def _of_projects(site: Site) -> dict[str, list[Arguments]]:
    of_project = [Arguments((site.project.pk,), name="the project")]
    member = Arguments((site.project.pk, site.membership.pk), name="a member")
    return {
        "projects/<int:pk>/": of_project,
        **{f"projects/<int:pk>/{page}/": of_project for page in PROJECT_PAGES},
        "projects/<int:pk>/members/<int:member_pk>/": [member],
        "projects/<int:pk>/members/<int:member_pk>/remove/": [member],
        "projects/<int:pk>/invitations/<int:invitation_pk>/revoke/": [
            Arguments((site.project.pk, site.invitation.pk), name="an invitation")
        ],
        "projects/invitations/<slug:token>/": [
            Arguments((site.token,), name="an invitation", who=("researcher", "stranger"))
        ],
    }


def _figure(site: Site) -> str:
    sections = load_document(site.report)["sections"]
    figures = (figure for section in sections for figure in section["figures"])
    return next(figures)["name"]


def admin_rows(model: type[Model], site: Site) -> list[tuple[str, Model]]:
    """Whose pages in the admin are visited, with a name each: those with most behind them, and the last one;
    of studies one in each state."""
    if model is Study:
        return [(f"the {state} study", study) for state, study in site.studies.items()]
    large = {
        GenerationRun: site.run,
        PromptSet: site.run.prompt_set,
        Checkpoint: site.run.checkpoint,
        Report: site.report,
        User: site.researcher,
    }
    rows = [("the large one", large[model])] if model in large else []
    last = rows_of(model, site.project).order_by("pk").last()
    return [*rows, ("the last one", last)] if last is not None else rows


def rows_of(model: type[Model], project: Project) -> QuerySet[Any]:
    """The project's; of what belongs to none, all."""
    paths = project_paths(model)
    within = Q()
    for path in paths:
        within |= Q(**{path: project.pk})
    return model._base_manager.filter(within)
