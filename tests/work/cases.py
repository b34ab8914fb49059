"""Of every kind of leased work one piece, and what is there once it was done: for test_contract.py."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from annotations.models import Deviation, Opening, Operation, Place, Study, Verification
from annotations.services.openings import request_opening
from daamweb.projects.models import Erasure, Event
from daamweb.projects.services.erasures import request_erasure
from daamweb.work.models import Work
from evaluation.models import Export, Report
from evaluation.services.exports import request_export
from generation.models import Generation, GenerationRun, Import, Parse, Prompt, PromptSet, Word
from generation.services.generations import GenerationResult
from generation.services.import_requests import request_import
from generation.services.imports import import_prompts
from generation.services.parses import queue_parse
from tests.evaluation.studies import ask, make_rated_study, stored
from tests.factories import (
    DOG,
    heat_map_bytes,
    image_bytes,
    main_project,
    make_open_study,
    make_run,
    make_study,
    make_user,
)

LINES = b"two red cats\na dog .\nan owl\n"
SENTENCE = """# sent_id = {0}
1	cats	cat	NOUN	_	_	2	nsubj	_	_
2	sleep	sleep	VERB	_	_	0	root	_	_

"""


@dataclass(frozen=True)
class Case:
    """make: one that waits, of which nobody was told. check: that what comes of it is there, whole and once.
    told: the row that keeps when workers were told, and whose key the job takes. replace: what is put in
    place of the engine and the parser, by dotted names."""

    make: Callable[[], Work]
    check: Callable[[Work], None]
    told: Callable[[Work], Any] = field(default=lambda row: row)
    replace: Callable[[], dict[str, Any]] = dict


def make_opening() -> Opening:
    opening = request_opening(study=make_study(replicas=2))
    assert opening is not None
    return opening


def check_opening(opening: Opening) -> None:
    study = Study.objects.get(pk=opening.study_id)
    assert (study.state, study.plan_id is not None) == (Study.State.OPEN, True)
    assert Place.objects.filter(task__study=study).count() == 2 * study.items


def make_verification() -> Verification:
    study = make_open_study()
    generation = study.run.generations.get()
    Generation.objects.filter(pk=generation.pk).update(image_sha256="0" * 64)
    return Verification.objects.create(study=study)


def check_verification(verification: Verification) -> None:
    found = Deviation.objects.filter(plan__study=verification.study)
    assert found.count() == len({deviation.what for deviation in found}) > 0


def check_report(report: Report) -> None:
    assert stored(report)
    assert Report.objects.filter(study=report.study).count() == 1


def make_export() -> Export:
    return request_export(study=make_rated_study(), by=make_user())


def check_export(export: Export) -> None:
    with export.file.open("rb") as file:
        assert len(file.read().splitlines()) == 1 + (export.answers or 0) == 16
    handed_out = Event.objects.filter(action=Event.Action.EXPORTED, subject_id=export.study_id)
    assert handed_out.count() == 1


def make_erasure() -> Erasure:
    study = make_study()
    return request_erasure(subject=study, typed_name=study.name, by=None)


def check_erasure(erasure: Erasure) -> None:
    assert not Study.objects.filter(pk=erasure.subject_id).exists()


def make_image() -> Generation:
    return make_run(finished=False).generations.get()


def check_image(generation: Generation) -> None:
    assert generation.load_heat_maps().prompt == DOG[0]
    assert generation.image.storage.exists(generation.image.name)


def engine() -> dict[str, Any]:
    class Loaded:
        revision = "abc"

    def make_images(run: GenerationRun, loaded: object, generations: list[Generation]) -> list:
        maps = heat_map_bytes(DOG[0])
        return [
            GenerationResult(image_bytes(), maps, 64, 64, "abc", {"torch": "2"}, 1.0) for _ in generations
        ]

    return {
        "generation.execution.load_pipeline": lambda *args, **options: Loaded,
        "generation.execution.checkpoint_folder": lambda source: None,
        "generation.execution.make_images": make_images,
    }


def make_parse() -> Parse:
    made = import_prompts(project=main_project(), name="parsed", content=LINES, file_name="a.txt")
    return queue_parse(prompt_set=made.imported())


def check_parse(parse: Parse) -> None:
    assert parse.prompt_set.parse_state == PromptSet.ParseState.PARSED
    prompts = parse.prompt_set.prompts.order_by("position")
    assert [prompt.words.count() for prompt in prompts] == [3, 3, 2]


def parser() -> dict[str, Any]:
    from tests.generation.parsers import make_parser  # brings spaCy

    return {"generation.services.parses.load_parser": lambda name: make_parser()}


def make_import() -> Import:
    content = "".join(SENTENCE.format(number) for number in range(3)).encode()
    return request_import(project=main_project(), name="imported", content=content, file_name="a.conllu")


def check_import(row: Import) -> None:
    made = PromptSet.objects.get(name="imported")
    assert (made.parse_state, made.parser) == (PromptSet.ParseState.PARSED, "conllu file")
    assert Prompt.objects.filter(prompt_set=made).count() == 3
    assert Word.objects.filter(prompt__prompt_set=made).count() == 6
    assert not row.file


CASES: dict[type[Work], Case] = {
    Erasure: Case(make_erasure, check_erasure),
    Export: Case(make_export, check_export),
    Generation: Case(make_image, check_image, told=lambda row: row.run, replace=engine),
    Import: Case(make_import, check_import),
    Opening: Case(make_opening, check_opening),
    Parse: Case(make_parse, check_parse, replace=parser),
    Report: Case(lambda: ask(make_rated_study()), check_report),
    Verification: Case(make_verification, check_verification),
}
# Rows that no job carries out yet.
WITHOUT_JOB = {Operation}
