import pytest
from django.core.management import CommandError, call_command

from annotations.management.commands import open_study
from annotations.models import Opening, Study
from annotations.services.closings import close_study
from annotations.services.openings import request_opening
from tests.annotations.commands.progress import record_progress
from tests.factories import make_open_study, make_run, make_study

pytestmark = pytest.mark.django_db


def test_it_opens_here_and_now_and_says_where(capsys, pokes):
    study = make_study()
    call_command("open_study", study.name)
    study.refresh_from_db()
    assert study.state == Study.State.OPEN
    assert capsys.readouterr().out == (
        f"'{study.name}' is open at {study.get_absolute_url()} on your site.\n"
        f"The hash of its plan is {study.plan.sha256}.\n"
    )
    assert pokes == []


def test_the_progress_of_verifying_tasks_and_making_places_is_drawn(monkeypatch):
    drawn = record_progress(monkeypatch, open_study)
    # Two images with three words each.
    call_command("open_study", make_study(run=make_run(seeds=(0, 1))).name)
    assert drawn == [12, 6, 6]


def test_what_a_worker_has_in_hand_is_left_to_it():
    study = make_study()
    opening = request_opening(study=study)
    assert opening.take()
    with pytest.raises(CommandError, match="is being opened by a worker; wait for it"):
        call_command("open_study", study.name)


def test_what_no_worker_has_taken_yet_is_opened_here():
    study = make_study()
    request_opening(study=study)
    call_command("open_study", study.name)
    study.refresh_from_db()
    assert study.state == Study.State.OPEN
    assert Opening.objects.get().state == Opening.State.DONE


def test_a_damaged_file_is_named_and_the_study_stays_a_draft():
    study = make_study()
    image = study.tasks.first().generation.image
    image.storage.delete(image.name)
    with pytest.raises(CommandError, match=f"{image.name} cannot be read"):
        call_command("open_study", study.name)
    study.refresh_from_db()
    assert study.state == Study.State.DRAFT


def test_fewer_people_than_it_takes_are_refused():
    # 9 places, of which one person may take floor(0.3 × 9) = 2.
    study = make_study(share_cap=0.3, expected_annotators=4)
    with pytest.raises(CommandError, match="needs at least 5 people"):
        call_command("open_study", study.name)


def test_unknown_names_and_open_studies_are_refused():
    with pytest.raises(CommandError, match="no study named 'no such'"):
        call_command("open_study", "no such")
    study = make_open_study()
    with pytest.raises(CommandError, match="is open; only a draft or a paused study can be opened"):
        call_command("open_study", study.name)
    close_study(study=study)
    with pytest.raises(CommandError, match="is closed; a closed study is final"):
        call_command("open_study", study.name)
