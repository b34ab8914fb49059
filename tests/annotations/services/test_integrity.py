"""Each rule finds the rows that break it, written past the services; and a sound study breaks none."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from annotations.models import EntryCode, Place, StudyText
from annotations.services.closings import close_study
from annotations.services.integrity import RULES, check_study, unfilled_places
from tests.annotations.arabic import add_arabic
from tests.annotations.services.rows import again, claim, four_images, person, submit
from tests.factories import make_project

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rows]


class Rows:
    """A running study with an answered and a claimed turn of one person, and another study like it."""

    def __init__(self):
        self.study, self.other = four_images(), four_images()
        self.person, self.stranger = person(self.study), person(self.other)
        self.answered = claim(self.person)
        self.response = submit(self.answered)
        self.claimed = claim(self.person)
        self.foreign = claim(self.stranger)

    def update(self, row, **fields):
        assert type(row).objects.filter(pk=row.pk).update(**fields) == 1

    @property
    def place(self) -> Place:
        return Place.objects.get(turn=self.answered)

    @property
    def open_place(self) -> Place:
        return Place.objects.filter(study=self.study, turn=None, reserved_for=None).first()


def claimed_in_closed_study(rows: Rows) -> None:
    close_study(study=rows.study, at_once=True)
    rows.update(rows.claimed, state="claimed", ended_at=None)


def answer_after_closing(rows: Rows) -> None:
    close_study(study=rows.study, at_once=True)
    rows.update(rows.response, created_at=timezone.now() + timedelta(minutes=1))


def offered_in_a_draft(rows: Rows) -> None:
    add_arabic(rows.study, offered=True)
    rows.update(rows.study, state="draft", plan=None, opened_at=None)


BREAKS = {
    "the study, its run and its prompts are not of one project": lambda rows: rows.update(
        rows.study.run, project=make_project()
    ),
    "somebody takes part who is an annotator of another project": lambda rows: rows.update(
        rows.person.annotator, project=make_project()
    ),
    "a place is in another study than its task": lambda rows: rows.update(
        Place.objects.filter(study=rows.other, turn=None, reserved_for=None).first(), study=rows.study
    ),
    "a place is of a task without places": lambda rows: rows.update(
        rows.open_place.task, role="check", rank=0
    ),
    "a place's turn was given at another place": lambda rows: (
        (free := rows.open_place),
        rows.update(rows.place, turn=None),
        rows.update(free, turn=rows.answered),
    ),
    "a place is held by a turn that ended without an answer": lambda rows: rows.update(
        rows.claimed, state="expired", ended_at=timezone.now()
    ),
    "a place is held by a turn that does not count, while the study runs": lambda rows: rows.update(
        rows.answered, counts=False, dropped="excluded"
    ),
    "a place is reserved for somebody of another study": lambda rows: (
        Place.objects.filter(reserved_for=rows.stranger).update(reserved_for=None, reserved_until=None),
        rows.update(rows.open_place, reserved_for=rows.stranger, reserved_until=timezone.now()),
    ),
    "a counting turn does not hold its place": lambda rows: rows.update(rows.place, turn=None),
    "a turn is in another study than its task": lambda rows: rows.update(
        rows.answered, task=rows.other.tasks.first()
    ),
    "a turn is in another study than its person": lambda rows: rows.update(
        rows.answered, participation=person(rows.other)
    ),
    "a turn is of another task than its place": lambda rows: rows.update(
        rows.answered, place=rows.open_place
    ),
    "a turn at an item or control has no place": lambda rows: rows.update(rows.answered, place=None),
    "a turn is of somebody else's visit": lambda rows: rows.update(rows.answered, visit=rows.stranger.visit),
    "a turn has an answer and was never submitted, or the other way round": lambda rows: (
        rows.response.delete()
    ),
    "a turn's last revision is not its last answer's": lambda rows: rows.update(rows.answered, revision=1),
    "an answer in time is marked as late, or the other way round": lambda rows: rows.update(
        rows.response, late=True
    ),
    "an answer is later than the study's closing": answer_after_closing,
    "a turn is claimed in a study that has closed": claimed_in_closed_study,
    "a person's counters are not what that person's turns say": lambda rows: rows.update(
        rows.person, answered=F("answered") + 1
    ),
    "a person's cap is not the study's": lambda rows: rows.update(rows.person, item_cap=5),
    "a visit is of another person or study than its participation": lambda rows: rows.update(
        rows.person.visit, annotator=rows.stranger.annotator
    ),
    "an entry code leads into another study": lambda rows: EntryCode.objects.create(
        study=rows.study, label="P01", code_sha256="0", participation=rows.stranger
    ),
    "a language is offered in a study that never opened": offered_in_a_draft,
    "a study has texts in its own language twice": lambda rows: StudyText.objects.create(
        study=rows.study, language="en"
    ),
    "an opened study has more or fewer places than it asks for": lambda rows: rows.open_place.delete(),
}


def test_every_rule_is_tried():
    assert list(BREAKS) == list(RULES)


def test_a_sound_study_breaks_no_rule():
    rows = Rows()
    assert check_study(rows.study) == check_study(rows.other) == ()


@pytest.mark.parametrize("rule", list(BREAKS))
def test_a_row_that_breaks_a_rule_is_found_in_its_own_study(rule):
    rows = Rows()
    BREAKS[rule](rows)
    found = {problem.rule: problem for problem in check_study(rows.study)}
    assert rule in found
    assert found[rule].count >= 1


@pytest.mark.parametrize(
    "moved", [lambda study: study, lambda study: study.run, lambda study: study.run.prompt_set]
)
def test_whatever_of_a_study_is_in_another_project_is_found(moved):
    rows = Rows()
    rows.update(moved(rows.study), project=make_project())
    assert "the study, its run and its prompts are not of one project" in {
        problem.rule for problem in check_study(again(rows.study))
    }


@pytest.mark.parametrize(
    "wrong",
    [{"turns": 9}, {"answered": 0}, {"items_held": 1}, {"places_filled": 2}, {"items_filled": 0}],
)
def test_every_counter_is_held_against_the_turns(wrong):
    rows = Rows()
    rows.update(rows.person, **wrong)
    assert [problem.rule for problem in check_study(rows.study)] == [
        "a person's counters are not what that person's turns say"
    ]


def test_unfilled_places_are_counted_by_peoples_counters():
    rows = Rows()
    assert unfilled_places(again(rows.study)) == 4 * 2 - 1
