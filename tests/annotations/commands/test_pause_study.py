import pytest
from django.core.management import CommandError, call_command

from annotations.models import Study
from tests.factories import make_open_study, make_study

pytestmark = pytest.mark.django_db


def test_it_pauses_and_says_so(capsys):
    study = make_open_study()
    call_command("pause_study", study.name)
    study.refresh_from_db()
    assert study.state == Study.State.PAUSED
    assert capsys.readouterr().out == f"'{study.name}' is paused.\n"


def test_it_stops_everybody_and_says_so(capsys):
    study = make_open_study()
    call_command("pause_study", study.name, "--stop-everybody")
    study.refresh_from_db()
    assert (study.state, study.stops_everybody) == (Study.State.PAUSED, True)
    assert capsys.readouterr().out == f"'{study.name}' is paused, and everybody is stopped.\n"


def test_open_study_resumes_it():
    study = make_open_study()
    call_command("pause_study", study.name)
    call_command("open_study", study.name)
    study.refresh_from_db()
    assert study.state == Study.State.OPEN


def test_unknown_names_and_drafts_are_refused():
    with pytest.raises(CommandError, match="no study named 'no such'"):
        call_command("pause_study", "no such")
    with pytest.raises(CommandError, match="is draft; only an open study can be paused"):
        call_command("pause_study", make_study().name)
