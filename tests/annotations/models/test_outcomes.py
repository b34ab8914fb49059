"""What became of a participation, said alike by its row's object and by the database; and the codes."""

import itertools
import re

import pytest
from django.utils import timezone

from annotations.models import Outcome, Participation
from tests.factories import make_open_study, make_participation

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rows]
TIMES = ("finished_at", "screened_out_at", "withdrew_at", "excluded_at", "interrupted_at")


@pytest.fixture
def person() -> Participation:
    return make_participation(make_open_study())


def test_rows_and_queries_say_the_same_of_every_mixture_of_times(person):
    now, found = timezone.now(), set()
    for answered, *given in itertools.product((0, 1), *[(None, now)] * len(TIMES)):
        Participation.objects.update(answered=answered, **dict(zip(TIMES, given, strict=True)))
        outcome = Participation.objects.get().outcome
        assert [each for each in Outcome if Participation.objects.of_outcome(each).exists()] == [outcome]
        found.add(outcome)
    assert found == set(Outcome)


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({}, Outcome.NONE),
        ({"finished_at": 1, "answered": 3}, Outcome.FINISHED),
        ({"finished_at": 1, "answered": 0}, Outcome.NO_PLACE),
        ({"interrupted_at": 1, "answered": 3}, Outcome.INTERRUPTED),
        ({"interrupted_at": 1, "finished_at": 1, "answered": 3}, Outcome.FINISHED),
        ({"withdrew_at": 1, "finished_at": 1, "answered": 3}, Outcome.WITHDREW),
        ({"excluded_at": 1, "finished_at": 1, "answered": 3}, Outcome.FAILED_CHECKS),
        ({"screened_out_at": 1, "interrupted_at": 1}, Outcome.SCREENED_OUT),
    ],
)
def test_a_verdict_stands_whatever_else_was(person, changed, outcome):
    for name, value in changed.items():
        setattr(person, name, timezone.now() if name.endswith("_at") else value)
    assert person.outcome == outcome


def codes_of(person: Participation) -> dict[str, str]:
    now, codes = timezone.now(), {}
    for name, answered in [*((name, 0) for name in TIMES), ("finished_at", 1)]:
        fresh = Participation.objects.get(pk=person.pk)
        fresh.answered = answered
        setattr(fresh, name, now)
        codes[fresh.outcome] = fresh.outcome_code
    return codes


def test_every_outcome_has_a_code_of_its_own_and_no_outcome_has_none(person):
    assert person.outcome_code == ""
    codes = codes_of(person)
    assert set(codes) == set(Outcome) - {Outcome.NONE}
    assert len(set(codes.values())) == len(codes)
    assert all(re.fullmatch("[0-9A-F]{8}", code) for code in codes.values())
    assert codes.pop(Outcome.FINISHED) == person.completion_code
    assert set(person.other_codes.split()) == set(codes.values())


def test_without_the_seed_a_code_is_not_made_of_another(person):
    before = codes_of(person)
    Participation.objects.update(seed=person.seed ^ 1)
    after = codes_of(person)
    assert {outcome for outcome in before if before[outcome] == after[outcome]} == {Outcome.FINISHED}
