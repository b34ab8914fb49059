"""Verifications as leased work: one at a time, in slices, and found again when a worker died. And what they
find of a plan that was rewritten."""

import uuid

import pytest
from django.db.models import F

from annotations.models import Plan, Study, Task, Verification
from annotations.services import verifications
from annotations.services.plans import plan_sha256
from annotations.services.verifications import request_verification, run_verification, verify_study
from generation.models import Generation
from tests.annotations.services.rows import again
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    """Its title was changed, and its image is gone."""
    study = make_open_study()
    Study.objects.filter(pk=study.pk).update(title="Changed")
    Generation.objects.get().image.delete(save=False)
    return study


def test_one_verification_waits_at_a_time(study):
    first = request_verification(study=study)
    assert (first.state, first.total) == (Verification.State.QUEUED, 6)
    assert request_verification(study=study) == first
    assert run_verification(verification=first)
    assert request_verification(study=study) != first


def test_it_is_carried_out_once_and_tells_how_far_it_is(study, monkeypatch):
    monkeypatch.setattr(verifications, "SLICE", 2)
    verification = request_verification(study=study)
    same = Verification.objects.get()
    told = []
    assert run_verification(verification=verification, progress=lambda *far: told.append(far))
    assert told[-1] == (6, 6)
    verification.refresh_from_db()
    assert (verification.state, verification.done, verification.total) == (Verification.State.DONE, 6, 6)
    assert study.plan.deviations.count() == 2
    assert Plan.objects.get().verified_at is not None
    assert not run_verification(verification=same)


def test_one_that_died_half_way_begins_again_and_lists_everything_once(study, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*args):
        raise Killed

    verification = request_verification(study=study)
    with monkeypatch.context() as patch:
        patch.setattr(verifications, "_file_differences", die)
        with pytest.raises(Killed):
            run_verification(verification=verification)
    assert not run_verification(verification=verification)  # the lease still runs
    Verification.objects.update(lease_expires_at=F("created_at"))
    assert run_verification(verification=verification)
    assert study.plan.deviations.count() == 2


def test_a_plan_that_is_rewritten_with_everything_that_hangs_on_it_is_noticed():
    study = make_open_study()
    plan = study.plan
    settings = {**plan.settings, "title": "Another"}
    Study.objects.filter(pk=study.pk).update(title="Another")
    Plan.objects.filter(pk=plan.pk).update(settings=settings, sha256=plan_sha256(settings, plan.tasks_sha256))
    found = verify_study(again(study), files=False)
    assert [each.what for each in found] == ["the plan that was frozen"]
    assert found[0].frozen == plan.sha256


@pytest.mark.parametrize("field", ["rank", "word"])
def test_what_decides_about_order_and_word_of_a_task_is_frozen(field):
    study = make_open_study()
    first, second = study.tasks.order_by("position")[:2]
    Task.objects.filter(pk=first.pk).update(**{field: 99 if field == "rank" else None})
    assert "tasks.0" in [each.what for each in verify_study(again(study), files=False)]
    assert second.position == 1


def test_one_that_another_worker_took_stops_at_the_next_slice_and_writes_nothing(study, monkeypatch, caplog):
    monkeypatch.setattr(verifications, "SLICE", 1)
    verification, told = request_verification(study=study), []

    def taken_over(done, total):
        told.append(done)
        Verification.objects.update(claim=uuid.uuid4())

    assert not run_verification(verification=verification, progress=taken_over)
    assert told == [1]
    assert (Verification.objects.get().state, Verification.objects.get().done) == ("running", 1)
    assert not study.plan.deviations.exists()
    assert Plan.objects.get().verified_at is None
    assert "went to another worker" in caplog.text
