import pytest

from annotations.models import Study, Task
from annotations.services.studies import close_study
from daamweb import CODE_VERSION
from evaluation.sections.plan import plan_section
from generation.models import Generation, GenerationRun
from tests.evaluation.studies import make_attribution_study, texts
from tests.factories import make_open_study, make_run

pytestmark = pytest.mark.django_db


def shown(study, table: str, answered: int = 0) -> list[list[str]]:
    section = plan_section(Study.objects.get(pk=study.pk), answered)
    return texts({"sections": [section.document()]}, table)


def test_the_plan_in_short():
    study = make_attribution_study({"dog": ("NOUN", ())}, checks={".": ()}, replicas=4)
    plan = dict(shown(study, "plan", answered=1))
    assert plan["SHA-256 of the plan"] == study.plan_sha256
    assert plan["opened"] == f"{study.opened_at:%Y-%m-%d %H:%M:%S} UTC"
    assert plan["closed"] == "not yet"
    assert plan["tasks"] == "2, of which attention checks: 1"
    assert plan["annotators per task"] == "4"
    assert plan["answered so far"] == "1 of 8 places"
    assert plan["analysis: confidence level"] == "0.95"
    assert plan["analysis: ratings that an item needs"] == "2"
    assert plan["analysis: excludes who failed an attention check"] == "no"
    assert plan["computed by"] == f"daamweb {CODE_VERSION}"
    assert "scipy 1." in plan["computed with"]


def test_when_it_closed_and_which_weights_made_the_images():
    study = make_open_study()
    Generation.objects.update(checkpoint_revision="abc123")
    reopened = make_open_study(run=study.run)
    close_study(study=reopened)
    plan = dict(shown(reopened, "plan"))
    assert plan["closed"].endswith(" UTC")
    assert plan["images by"] == f"{study.run.checkpoint}, revision abc123"
    assert dict(shown(study, "plan"))["images by"].endswith("revision unknown")  # as it was frozen


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
    document = plan_section(study, answered=0).document()
    assert document["tables"][1]["empty"] == "None: everything is as it was frozen."


def test_what_was_changed_since_is_listed():
    study = make_open_study(title="Before")
    Study.objects.filter(pk=study.pk).update(title="After", instructions="x" * 1000)
    task = study.tasks.get(position=2)
    Task.objects.filter(pk=task.pk).update(payload={**task.payload, "note": "new"})
    rows = {what: (frozen, now) for what, frozen, now in shown(study, "deviations")}
    assert rows.keys() == {"title", "instructions", "tasks.2.payload.note"}
    assert rows["title"] == ('"Before"', '"After"')
    assert rows["tasks.2.payload.note"] == ("—", '"new"')
    assert len(rows["instructions"][1]) < 250
