from datetime import UTC, datetime

import pytest

from annotations.models import Plan, Study, Task
from annotations.services.closings import close_study
from annotations.services.openings import open_study
from annotations.services.participations import erase_answers
from annotations.services.verifications import verify_study
from daamweb import CODE_VERSION
from evaluation.frames.plans import read_plan
from evaluation.frames.responses import response_frame
from evaluation.frames.runs import read_run
from evaluation.reports.plan import plan_section
from generation.models import Checkpoint, Generation, GenerationRun
from tests.evaluation.studies import answer_task, make_attribution_study, make_rated_study, texts
from tests.factories import answer_turn, make_annotator, make_open_study, make_run, make_study

pytestmark = pytest.mark.django_db


def section_of(study):
    study = Study.objects.get(pk=study.pk)
    return plan_section(read_plan(study), response_frame(study)).document()


def shown(study, table: str) -> list[list[str]]:
    return texts({"sections": [section_of(study)]}, table)


def test_the_plan_in_short():
    study = make_attribution_study({"dog": ("NOUN", ())}, checks={".": ()}, replicas=4)
    for task in study.tasks.all():
        answer_task(task, make_annotator(), {"choice": 4})
    plan = dict(shown(study, "plan"))
    assert plan["SHA-256 of the plan"] == study.plan.sha256
    assert plan["opened"] == f"{study.opened_at:%Y-%m-%d %H:%M:%S} UTC"
    assert plan["closed"] == "not yet"
    assert plan["tasks"] == "items: 1, attention checks: 1"
    assert plan["annotators per task"] == "4"
    assert plan["answered so far"] == "1 of 4 places"  # checks have none
    assert plan["analysis: confidence level"] == "0.95"
    assert plan["analysis: ratings that an item needs"] == "2"
    assert plan["analysis: excludes who failed an attention check"] == "no"
    assert plan["rows and files held against the plan"] == "when it opened"
    assert plan["computed by"] == f"daamweb {CODE_VERSION}"
    assert "scipy 1." in plan["computed with"]
    assert "answers erased on request" not in plan


def test_the_languages_of_a_study_and_who_read_them():
    draft = make_study(languages=("de", "es"))
    draft.translations.filter(language="es").update(reviewed_by="Ada Lovelace")
    assert dict(shown(open_study(study=draft), "plan"))["read in"] == "en, de (read by no speaker), es"
    assert "read in" not in dict(shown(make_open_study(), "plan"))


def test_when_rows_and_files_were_last_held_against_the_plan():
    study = make_open_study()
    Plan.objects.update(verified_at=datetime(2026, 3, 2, 12, 0, 7, tzinfo=UTC))
    assert dict(shown(study, "plan"))["rows and files held against the plan"] == "2026-03-02 12:00:07 UTC"


def test_erased_answers_are_counted_whatever_was_corrected_before():
    study = make_rated_study({"dog": ("NOUN", (1, 2, 3)), "runs": ("VERB", (4, 5, 4))})
    first = study.assignments.order_by("pk").first()
    answer_turn(first, {"choice": 5})
    erase_answers(participation=first.participation)
    plan = dict(shown(study, "plan"))
    assert plan["answers erased on request"] == "2"
    assert plan["answered so far"] == "4 of 6 places"


def test_when_it_closed_and_which_weights_made_the_images():
    study = make_open_study()
    Generation.objects.update(checkpoint_revision="abc123")
    reopened = make_open_study(run=study.run)
    close_study(study=reopened)
    plan = dict(shown(reopened, "plan"))
    assert plan["closed"].endswith(" UTC")
    assert plan["images by"] == f"{study.run.checkpoint_name}, revision abc123"
    assert dict(shown(study, "plan"))["images by"].endswith("revision unknown")  # as it was frozen


def test_the_checkpoint_has_the_name_that_it_had():
    study = make_open_study()
    Checkpoint.objects.update(name="renamed")
    before = study.run.checkpoint_name
    assert dict(shown(Study.objects.get(), "plan"))["images by"].startswith(f"{before}, revision")
    assert read_run(GenerationRun.objects.get()).checkpoint == before


def test_how_the_images_were_made():
    study = make_open_study(run=make_run(seeds=[3, 4]))
    assert dict(shown(study, "plan"))["images made with"] == (
        "DPM-Solver++ multistep, 30 steps, guidance 7.5, seeds 3, 4"
    )
    run = make_run()
    GenerationRun.objects.filter(pk=run.pk).update(vary_seeds=True)
    run.refresh_from_db()
    varied = make_open_study(run=run)
    assert dict(shown(varied, "plan"))["images made with"].endswith(", seed 0, varied by prompt")


def test_nothing_changed():
    study = make_open_study()
    assert shown(study, "deviations") == []
    assert section_of(study)["tables"][1]["empty"] == "None was found: everything is as it was frozen."


def test_what_was_changed_since_is_listed_once_it_was_found():
    study = make_open_study(title="Before")
    Study.objects.filter(pk=study.pk).update(title="After", instructions="x" * 1000)
    task = study.tasks.get(position=2)
    Task.objects.filter(pk=task.pk).update(payload={**task.payload, "note": "new"})
    assert shown(study, "deviations") == []  # the page looks for nothing
    verify_study(Study.objects.get(pk=study.pk), files=False)
    rows = {what: (frozen, now) for what, frozen, now in shown(study, "deviations")}
    assert rows.keys() == {"title", "instructions", "tasks.2"}
    assert rows["title"] == ('"Before"', '"After"')
    assert rows["tasks.2"][0] == task.sha256 != rows["tasks.2"][1]
    assert len(rows["instructions"][1]) < 250


def test_what_is_gone_is_a_dash():
    study = make_open_study()
    Generation.objects.get().image.delete(save=False)
    verify_study(Study.objects.get(pk=study.pk), files=True)
    ((what, frozen, now),) = shown(study, "deviations")
    assert what.endswith(" (image)")
    assert (frozen, now) == (Generation.objects.get().image_sha256, "—")
