from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone
from django.utils.module_loading import import_string

from annotations.errors import StudyError
from annotations.jobs import sweep_studies
from annotations.models import Assignment, Study, Verification
from annotations.services.closings import close_study, closing_outlook, end_closing, pause_study
from annotations.services.openings import open_study, request_opening
from annotations.services.reviews import exclude_annotator
from tests.annotations.services.rows import (
    again,
    claim,
    four_images,
    person,
    rate_everything,
    run_out,
    submit,
)
from tests.factories import make_open_study, make_run, make_study

pytestmark = pytest.mark.django_db


def test_a_study_at_which_nobody_rates_closes_at_once():
    study = close_study(study=four_images())
    assert study.state == Study.State.CLOSED
    assert timezone.now() - study.closed_at < timedelta(minutes=1)


def test_what_is_being_rated_may_be_finished_until_its_lease_is_over(
    pokes, django_capture_on_commit_callbacks
):
    study = four_images()
    turn, other = claim(person(study)), claim(person(study))
    close_study(study=study)
    assert (study.state, study.closed_at) == (Study.State.CLOSING, None)
    assert study.closes_at == max(again(turn).lease_expires_at, again(other).lease_expires_at)
    submit(turn)
    sweep_studies()
    assert again(study).state == Study.State.CLOSING
    run_out(other)
    with django_capture_on_commit_callbacks(execute=True):
        sweep_studies()
    closed = again(study)
    assert closed.state == Study.State.CLOSED
    assert again(other).state == Assignment.State.EXPIRED
    # what was frozen is held against rows and files once more
    assert pokes == [("annotations.jobs.run_verification", (Verification.objects.get().pk,))]


def test_a_running_study_is_held_against_its_plan_once_a_day(pokes, django_capture_on_commit_callbacks):
    study = four_images()
    long_ago = timezone.now() - timedelta(hours=25)
    for fields, verifications in (({"replicas": 2}, 0), ({"opened_at": long_ago}, 1), ({"replicas": 2}, 1)):
        Study.objects.filter(pk=study.pk).update(**fields)
        with django_capture_on_commit_callbacks(execute=True):
            sweep_studies()
        assert Verification.objects.count() == verifications
    assert [name for name, _ in pokes] == ["annotations.jobs.run_verification"]


def test_closing_at_once_takes_back_what_is_being_rated():
    study = four_images()
    turn = claim(person(study))
    close_study(study=study, at_once=True)
    assert (study.state, again(turn).state) == (Study.State.CLOSED, Assignment.State.RETURNED)


def test_a_study_that_is_closing_can_be_closed_at_once():
    study = four_images()
    claim(person(study))
    close_study(study=study)
    with pytest.raises(StudyError, match="closes by itself"):
        close_study(study=study)
    close_study(study=study, at_once=True)
    assert study.state == Study.State.CLOSED


def test_closing_as_complete_needs_every_place():
    study = four_images()
    first, second = person(study), person(study)
    rate_everything(first)
    with pytest.raises(StudyError, match="4 of 8 places have no answer that counts"):
        close_study(study=study, complete=True)
    rate_everything(second)
    exclude_annotator(participation=second, reason="careless")
    with pytest.raises(StudyError, match="4 of 8 places"):
        close_study(study=study, complete=True)
    rate_everything(person(study))
    assert close_study(study=study, complete=True).state == Study.State.CLOSED


def test_the_outlook_says_what_closing_would_leave():
    study = four_images()
    rate_everything(person(study))
    second = person(study)
    submit(claim(second))
    claim(second)
    found = closing_outlook(study)
    # An image is judged when all of its two annotators answered.
    assert (found.places, found.unanswered, found.tasks, found.reportable, found.needed) == (8, 3, 4, 1, 2)
    assert found.at_work == 1


def test_a_lease_that_a_wrong_clock_wrote_does_not_keep_a_study_from_closing():
    study = four_images()
    turn = claim(person(study))
    Assignment.objects.filter(pk=turn.pk).update(lease_expires_at=timezone.now() + timedelta(days=30))
    close_study(study=study)
    assert end_closing(study=study) or again(study).state == Study.State.CLOSED


def test_a_closed_study_is_final():
    study = close_study(study=four_images())
    closed_at = study.closed_at
    with pytest.raises(StudyError, match="is closed; a closed study is final"):
        open_study(study=study)
    assert not end_closing(study=study)
    assert (again(study).state, again(study).closed_at) == (Study.State.CLOSED, closed_at)


def test_changes_that_make_no_sense_are_refused():
    draft = make_study()
    for change, message in ((pause_study, "only an open study"), (close_study, "only an open or paused")):
        with pytest.raises(StudyError, match=f"is draft; {message}"):
            change(study=draft)
    study = four_images()
    stale = Study.objects.get(pk=study.pk)
    close_study(study=study)
    with pytest.raises(StudyError, match="is closed; only an open study"):
        pause_study(study=stale)
    with pytest.raises(StudyError, match="is closed; only an open or paused"):
        close_study(study=stale)


def test_a_paused_study_can_be_closed_and_opened():
    study = four_images()
    pause_study(study=study)
    assert open_study(study=study).state == Study.State.OPEN
    pause_study(study=study)
    assert close_study(study=study).state == Study.State.CLOSED


def test_a_sweep_ends_in_time_for_those_behind_it_and_leaves_no_study_out(monkeypatch, caplog):
    run = make_run()
    studies = {make_open_study(run=run).pk for _ in range(3)}
    swept: list[int] = []
    monkeypatch.setattr("annotations.jobs.PART_OF_THE_TIME", 0)
    monkeypatch.setattr("annotations.jobs.expire_due_turns", lambda study: swept.append(study.pk))
    rounds = 0
    while set(swept) != studies and rounds < 200:
        rounds += 1
        before = len(swept)
        sweep_studies()
        assert len(swept) - before == 1
    assert set(swept) == studies
    assert "There was no time for 2 studies; the next sweep goes on." in caplog.text


@pytest.mark.parametrize("error", [DatabaseError("disk I/O error"), Study.DoesNotExist("It was erased.")])
@pytest.mark.parametrize(
    "fails",
    [
        "annotations.services.openings.give_up_opening",
        "annotations.jobs.start_verification",
        "annotations.jobs.expire_due_turns",
    ],
)
def test_one_study_that_cannot_be_swept_keeps_no_other_from_it(monkeypatch, caplog, fails, error):
    """Each thing that a sweep does is due of two studies, and fails of one."""
    run = make_run()
    due = {
        "annotations.services.openings.give_up_opening": [make_study(run=run) for _ in range(2)],
        "annotations.jobs.start_verification": [make_open_study(run=run) for _ in range(2)],
        "annotations.jobs.expire_due_turns": [make_open_study(run=run) for _ in range(2)],
    }
    for study in due["annotations.services.openings.give_up_opening"]:
        request_opening(study=study).cancel()
    long_ago = timezone.now() - timedelta(hours=25)
    to_verify = due["annotations.jobs.start_verification"]
    Study.objects.filter(pk__in=[study.pk for study in to_verify]).update(opened_at=long_ago)
    done: dict[str, set[int]] = {name: set() for name in due}
    broken = due[fails][0]

    def watch(name, act):
        def watched(study):
            if (name, study.pk) == (fails, broken.pk):
                raise error
            done[name].add(study.pk)
            return act(study=study)

        return watched

    for name in due:
        monkeypatch.setattr(name, watch(name, import_string(name)))
    sweep_studies()
    assert f"Study {broken.pk} could not be swept." in caplog.text
    for name, studies in due.items():
        assert done[name] >= {study.pk for study in studies} - ({broken.pk} if name == fails else set())
