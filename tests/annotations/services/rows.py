"""Shorthands of the tests of services: people, turns, answers, and leases that run out."""

import uuid
from datetime import timedelta

from django.utils import timezone

from annotations.measured import Measured
from annotations.models import Assignment, Participation, Place, Response, Study
from annotations.services import open_places, walks
from annotations.services.claims import claim_assignment
from annotations.services.responses import submit_response
from daamweb.compiled import Rows
from tests.factories import (
    answer_turn,
    give_turn,
    make_annotator,
    make_cohyponym_prompt_set,
    make_open_study,
    make_participation,
    make_run,
)

PAIRS = (("cat", "dog", True), ("cat", "bus", False), ("cow", "horse", True), ("cake", "bear", False))


def four_images(**design) -> Study:
    """Open; four images, two places each unless said otherwise."""
    return make_open_study(
        "object_presence", make_run(make_cohyponym_prompt_set(PAIRS)), **{"replicas": 2, **design}
    )


def one_image(**design) -> Study:
    return make_open_study(
        "object_presence", make_run(make_cohyponym_prompt_set()), **{"replicas": 1, **design}
    )


def person(study: Study) -> Participation:
    return make_participation(study, make_annotator())


def claim(participation: Participation) -> Assignment | None:
    return claim_assignment(participation=participation).turn


def submit(
    turn: Assignment, objects=("cat",), *, base=None, token=None, participation=None, **measured
) -> Response:
    return submit_response(
        assignment=turn,
        participation=participation or turn.participation,
        answer={"objects": list(objects)},
        token=token or uuid.uuid4(),
        base=base,
        measured=Measured(**measured),
    )


def rate_everything(participation: Participation, objects=("cat",)) -> list[Response]:
    answers = []
    while (turn := claim(participation)) is not None:
        answers.append(submit(turn, objects))
    return answers


def outcome(participation: Participation) -> str:
    return again(participation).outcome


def run_out(turn: Assignment) -> None:
    """Its lease is over; nobody has noticed yet."""
    Assignment.objects.filter(pk=turn.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def leave_the_last_task_to_others(searching: Participation, monkeypatch) -> list[Assignment]:
    """One task of three is left for somebody, and two others hold its places by the turns that are returned.
    A request searches one place of the study."""
    *first, last = searching.study.tasks.all()
    for task in first:
        answer_turn(give_turn(task, searching), {"choice": 4})
    set_window(1, monkeypatch)
    monkeypatch.setattr(walks, "WINDOWS_AT_ONCE", 1)
    return [give_turn(last, person(searching.study)) for _ in range(2)]


def set_window(places: int, monkeypatch) -> None:
    for module in (open_places, walks):
        monkeypatch.setattr(module, "WINDOW", places)
    monkeypatch.setattr(open_places, "_window", Rows(open_places._free_from_position))


def place_of(turn: Assignment) -> Place:
    return Place.objects.get(pk=turn.place_id)


def again(row):
    """The row as the database has it now."""
    return type(row).objects.get(pk=row.pk)
