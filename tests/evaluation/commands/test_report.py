import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from daamweb.projects.models import Event
from tests.evaluation.studies import make_rated_study
from tests.factories import make_study

pytestmark = pytest.mark.django_db


def test_it_writes_the_folder_and_counts_the_files(tmp_path, capsys):
    folder = tmp_path / "report"
    call_command("report", make_rated_study().name, "--output", str(folder))
    files = list(folder.iterdir())
    assert len(files) > 10
    assert capsys.readouterr().out == f"{len(files)} files in {folder}.\n"
    # Responses are among them.
    event = Event.objects.get(action=Event.Action.EXPORTED)
    assert (event.actor, event.details) == (None, {"answers": 15})


def test_on_a_terminal_a_bar_counts_the_files(tmp_path, monkeypatch):
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    folder = tmp_path / "report"
    call_command("report", make_rated_study().name, "--output", str(folder))
    assert f"/{len(list(folder.iterdir()))} [" in terminal.getvalue()
    assert "files" in terminal.getvalue()


def test_unknown_and_unopened_studies_are_refused(tmp_path):
    with pytest.raises(CommandError, match="There is no study named 'no such'"):
        call_command("report", "no such", "--output", str(tmp_path / "a"))
    with pytest.raises(CommandError, match="was never opened, so it has no frozen plan"):
        call_command("report", make_study().name, "--output", str(tmp_path / "a"))
    assert not (tmp_path / "a").exists()
    assert not Event.objects.filter(action=Event.Action.EXPORTED).exists()


@pytest.mark.parametrize("place", ["file", "file/inside"])
def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path, place):
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="The report cannot be written: ") as caught:
        call_command("report", make_rated_study().name, "--output", str(tmp_path / place))
    assert "\n" not in str(caught.value)
