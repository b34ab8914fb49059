import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from daamweb.projects.models import Event
from tests.evaluation.studies import make_rated_study
from tests.factories import make_study

pytestmark = pytest.mark.django_db


def test_it_writes_one_row_per_response(tmp_path, capsys):
    study = make_rated_study()
    file = tmp_path / "responses.csv"
    call_command("export_responses", study.name, "--output", str(file))
    assert len(pd.read_csv(file)) == 15
    assert capsys.readouterr().out == f"15 responses in {file}.\n"
    assert list(tmp_path.glob("*.csv")) == [file]


def test_it_writes_the_codebook_where_that_is_asked_for(tmp_path):
    study = make_rated_study()
    file, codebook = tmp_path / "responses.csv", tmp_path / "codebook.csv"
    call_command("export_responses", study.name, "--output", str(file), "--codebook", str(codebook))
    assert list(pd.read_csv(codebook)["column"]) == list(pd.read_csv(file).columns)


def test_a_draft_has_a_header_alone(tmp_path, capsys):
    file = tmp_path / "responses.csv"
    call_command("export_responses", make_study().name, "--output", str(file))
    assert len(pd.read_csv(file)) == 0
    assert capsys.readouterr().out.startswith("0 responses")


def test_an_unknown_study_is_refused(tmp_path):
    with pytest.raises(CommandError, match="There is no study named 'no such'"):
        call_command("export_responses", "no such", "--output", str(tmp_path / "a.csv"))
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize("place", ["missing/responses.csv", "folder", "file/responses.csv"])
@pytest.mark.parametrize("option", ["--output", "--codebook"])
def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path, place, option):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    arguments = ["export_responses", make_rated_study().name, option, str(tmp_path / place)]
    if option == "--codebook":
        arguments += ["--output", str(tmp_path / "good.csv")]
    with pytest.raises(CommandError, match="The file cannot be written: ") as caught:
        call_command(*arguments)
    assert str(tmp_path / place.partition("/")[0]) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_responses_and_codebook_need_a_file_each(tmp_path):
    file = tmp_path / "responses.csv"
    with pytest.raises(CommandError, match="are the same file"):
        call_command(
            "export_responses", make_rated_study().name, "--output", str(file), "--codebook", str(file)
        )
    assert not file.exists()


def test_that_responses_were_written_is_written_down_as_the_operators(tmp_path, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "operator")
    study = make_rated_study()
    call_command("export_responses", study.name, "--output", str(tmp_path / "responses.csv"))
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_responses", study.name, "--output", str(tmp_path / "no" / "responses.csv"))
    event = Event.objects.get(action=Event.Action.EXPORTED)
    assert (event.actor_name, event.subject_id) == ("command line (operator)", study.pk)
    assert event.details == {"answers": 15}
