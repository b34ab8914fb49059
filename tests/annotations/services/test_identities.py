"""People are forgotten: what they answered, and who they are."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from annotations.jobs import sweep_identities
from annotations.models import Annotator, Participation, Response, Review, Study, Visit
from annotations.services import identities
from annotations.services.closings import close_study
from annotations.services.identities import (
    due_studies,
    erase_person,
    forget_identities,
    forget_identity,
    set_retention,
)
from annotations.services.participations import join_study
from annotations.services.reviews import exclude_annotator
from daamweb.projects.models import Event
from evaluation.models import Report
from tests.annotations.services.rows import claim, four_images, submit
from tests.factories import make_annotator, make_member, make_participation

pytestmark = pytest.mark.django_db


def answered(study: Study, annotator: Annotator | None = None) -> Participation:
    person = make_participation(study, annotator or make_annotator(study.project))
    submit(claim(person))
    person.refresh_from_db()
    return person


def ids_of(participation: Participation) -> set[str]:
    """Everything by which a platform, or the person, could find the participation again."""
    person = Participation.objects.select_related("annotator").get(pk=participation.pk)
    visits = Visit.objects.filter(participation=person).values_list("unit_id", "annotator__external_id")
    return {
        person.annotator.external_id,
        person.completion_code,
        *(each for visit in visits for each in visit),
    }


def closed_study(*, days_ago: int, keep: int | None, people: int = 2) -> Study:
    study = four_images()
    for _ in range(people):
        answered(study)
    close_study(study=study)
    closed_at = timezone.now() - timedelta(days=days_ago)
    Study.objects.filter(pk=study.pk).update(
        closed_at=closed_at, opened_at=closed_at - timedelta(days=1), keep_identities_days=keep
    )
    # Answers came before it closed.
    Response.objects.filter(assignment__study=study).update(created_at=closed_at - timedelta(hours=1))
    study.refresh_from_db()
    return study


def test_an_erased_person_leaves_no_answer_and_no_id_in_any_study_of_the_project():
    annotator = make_annotator()
    first, second = (answered(four_images(), annotator) for _ in range(2))
    other = answered(first.study)
    before = {pk: ids_of(pk) for pk in (first, second)}
    owner = make_member("owner")
    assert erase_person(participation=first, by=owner) == 2
    for person in (first, second):
        assert not ids_of(person) & before[person]
        assert person.assignments.filter(counts=True).count() == 0
    assert not Annotator.objects.filter(pk=annotator.pk).exists()
    left = Response.objects.exclude(answer=None)
    assert {each.assignment.participation for each in left} == {other}
    assert first.annotator_id != Participation.objects.get(pk=second.pk).annotator_id
    events = Event.objects.filter(action=Event.Action.ERASED)
    assert {(each.actor, each.subject_name) for each in events} == {
        (owner, f"{person.pseudonym} in {person.study}") for person in (first, second)
    }


def test_erasing_a_person_twice_erases_nothing_more():
    person = answered(four_images())
    assert erase_person(participation=person, by=None) == 1
    person.refresh_from_db()
    assert erase_person(participation=person, by=None) == 0


def test_what_was_computed_of_erased_answers_is_forgotten():
    person = answered(four_images())
    of_it = Report.objects.create(study=person.study, analysis="cohyponyms")
    of_another = Report.objects.create(study=four_images(), analysis="cohyponyms")
    erase_person(participation=person, by=None)
    assert list(Report.objects.all()) == [of_another]
    assert of_it not in Report.objects.all()


def test_who_is_known_from_another_study_stays_known_there():
    annotator = make_annotator()
    kept, forgotten = (answered(four_images(), annotator) for _ in range(2))
    before = ids_of(kept)
    forget_identity(participation=forgotten)
    assert ids_of(kept) == before
    assert not ids_of(forgotten) & before
    assert Annotator.objects.get(pk=annotator.pk).forgotten_at is None


def test_forgetting_keeps_the_answers_and_their_pseudonym():
    person = answered(four_images())
    forget_identity(participation=person)
    again = Participation.objects.get(pk=person.pk)
    assert (again.pseudonym, again.answered) == (person.pseudonym, 1)
    assert Response.objects.exclude(answer=None).count() == 1


@pytest.mark.parametrize(
    ("days_ago", "keep", "is_due"), [(10, None, False), (10, 11, False), (10, 10, True), (0, 0, True)]
)
def test_a_study_is_due_so_many_days_after_it_closed(days_ago, keep, is_due):
    study = closed_study(days_ago=days_ago, keep=keep)
    assert due_studies() == ([study] if is_due else [])


def test_a_worker_whose_clock_is_ahead_forgets_nobody_too_early(monkeypatch):
    closed_study(days_ago=10, keep=11)
    monkeypatch.setattr(timezone, "now", lambda now=timezone.now: now() + timedelta(days=2))
    assert due_studies() == []


def test_a_study_that_runs_is_never_due():
    study = four_images()
    set_retention(study=study, days=0, by=None)
    assert due_studies() == []


def test_the_sweep_forgets_everybody_of_a_study_that_is_due_and_says_so_once():
    study = closed_study(days_ago=3, keep=2)
    before = set().union(*(ids_of(person) for person in study.participations.all()))
    sweep_identities()
    sweep_identities()
    study.refresh_from_db()
    assert study.identities_erased_at is not None
    assert not set().union(*(ids_of(person) for person in study.participations.all())) & before
    event = Event.objects.get(action=Event.Action.ERASED)
    assert event.details == {"identities": 2, "after_days": 2}


def test_one_study_whose_people_cannot_be_forgotten_keeps_no_other_from_it(monkeypatch, caplog):
    broken, _ = (closed_study(days_ago=3, keep=2) for _ in range(2))

    def forget(*, study):
        if study == broken:
            raise DatabaseError("disk I/O error")
        return forget_identities(study=study)

    monkeypatch.setattr(identities, "forget_identities", forget)
    sweep_identities()
    assert due_studies() == [broken]
    assert f"Study {broken.pk} could not be swept." in caplog.text


def test_forgetting_that_was_interrupted_goes_on():
    study = closed_study(days_ago=3, keep=2, people=3)
    first = study.participations.order_by("pk").first()
    forget_identity(participation=first)
    assert forget_identities(study=study) == 2
    assert not study.participations.filter(annotator__forgotten_at=None).exists()


def test_changing_the_retention_is_written_down_and_setting_the_same_is_not():
    study, member = four_images(), make_member()
    set_retention(study=study, days=30, by=member)
    set_retention(study=study, days=30, by=member)
    event = Event.objects.get(action=Event.Action.EDITED)
    assert (event.actor, event.details) == (member, {"keep_identities_days": [None, 30]})


def test_a_forgotten_person_who_comes_again_is_somebody_new():
    annotator = make_annotator()
    study = four_images()
    person = answered(study, annotator)
    external_id = annotator.external_id
    forget_identity(participation=person)
    again = Annotator.objects.create(project=study.project, external_id=external_id)
    assert join_study(study=study, annotator=again, unit_id=study.slug) != person


def test_erasing_that_failed_in_the_middle_goes_on_from_the_participation_that_was_asked_for(monkeypatch):
    annotator = make_annotator()
    asked, _, _ = (answered(four_images(), annotator) for _ in range(3))
    failing = iter([False, True])

    def dies_in_the_second(participation, by, erase=identities._erase_in_study):
        if next(failing, False):
            raise ConnectionError
        return erase(participation, by)

    monkeypatch.setattr(identities, "_erase_in_study", dies_in_the_second)
    with pytest.raises(ConnectionError):
        erase_person(participation=asked, by=None)
    assert erase_person(participation=Participation.objects.get(pk=asked.pk), by=None) == 2
    assert not Response.objects.exclude(answer=None).exists()
    assert not Annotator.objects.filter(pk=annotator.pk).exists()
    assert not Participation.objects.filter(erased_at=None).exists()


def test_of_an_erased_answer_no_time_is_left_and_of_a_verdict_no_reason():
    person = answered(four_images())
    exclude_annotator(participation=person, reason="answers like a machine", evidence={"seconds": 2})
    Response.objects.update(
        milliseconds=900,
        painted="painted",
        painted_milliseconds=80,
        first_input_milliseconds=700,
        visible_spans=[[0, 900]],
    )
    erase_person(participation=person, by=None)
    [left] = Response.objects.values(
        "milliseconds", "painted", "painted_milliseconds", "first_input_milliseconds", "visible_spans"
    )
    assert [value for value in left.values() if value] == ["unknown"]
    review = Review.objects.get()
    assert (review.action, review.reason, review.evidence) == (
        "exclude",
        "erased with the person’s answers",
        {},
    )
