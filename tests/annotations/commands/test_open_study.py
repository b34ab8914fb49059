import pytest
from django.core.management import CommandError, call_command

from annotations.management.commands import open_study
from annotations.models import Study
from annotations.services.studies import close_study
from tests.annotations.commands.progress import record_progress
from tests.factories import make_open_study, make_run, make_study

pytestmark = pytest.mark.django_db


def test_it_opens_and_says_where(capsys):
    study = make_study()
    call_command("open_study", study.name)
    study.refresh_from_db()
    assert study.state == Study.State.OPEN
    assert capsys.readouterr().out == f"'{study.name}' is open at {study.get_absolute_url()} on your site.\n"


def test_the_progress_of_checking_files_is_drawn(monkeypatch):
    drawn = record_progress(monkeypatch, open_study)
    call_command("open_study", make_study(run=make_run(seeds=(0, 1))).name)
    assert drawn == [2, 1, 1]


def test_unknown_names_and_open_studies_are_refused():
    with pytest.raises(CommandError, match="no study named 'no such'"):
        call_command("open_study", "no such")
    study = make_open_study()
    with pytest.raises(CommandError, match="is open already"):
        call_command("open_study", study.name)
    close_study(study=study)
    with pytest.raises(CommandError, match="is closed; a closed study is final"):
        call_command("open_study", study.name)
