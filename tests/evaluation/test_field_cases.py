"""Cases out of the field (../shared/field-cases/README.md) that end in a report's number."""

import pytest

from annotations.models import Response
from tests.annotations.views.visits import fields_of
from tests.evaluation.studies import answer_task, report_of, texts
from tests.factories import make_annotator, make_cohyponym_prompt_set, make_open_study, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    run = make_run(make_cohyponym_prompt_set([("giraffe", "zebra", True)]))
    return make_open_study("object_presence", run, replicas=3)


def send(client, address: str, *, objects: list[str] | None = None) -> None:
    """Open the task's page and send it, with what is ticked on it unless `objects` are given."""
    shown = client.get(address)
    ticked = shown.context["form"]["objects"].value() if objects is None else objects
    assert client.post(address, {**fields_of(shown), "objects": ticked}).status_code == 302


def test_an_answer_that_is_opened_and_saved_unchanged_turns_no_verdict(client, study):
    client.post(f"/s/{study.slug}/")
    address = client.post(f"/s/{study.slug}/next/").headers["Location"]
    send(client, address, objects=["giraffe", "horse"])
    for objects in (["giraffe", "zebra"], ["giraffe"]):
        answer_task(study.tasks.get(), make_annotator(), {"objects": objects})

    def verdict() -> list[str]:
        return texts(report_of(study).document(), "images")[0][2:]

    # The horse and the zebra have one vote each, and the horse's came first.
    not_correct = ["3", "giraffe 3, horse 1, zebra 1", "giraffe, horse", "scored", "no"]
    assert verdict() == not_correct
    send(client, address)
    assert Response.objects.filter(assignment__participation__ordinal=0).count() == 2
    assert verdict() == not_correct
