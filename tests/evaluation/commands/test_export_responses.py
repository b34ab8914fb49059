import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from daamweb.projects.models import Event
from tests.evaluation.studies import answer_task, make_attribution_study, make_rated_study
from tests.factories import answer_turn, make_annotator, make_study

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


def test_it_writes_every_revision_where_that_is_asked_for(tmp_path, capsys):
    study = make_attribution_study({"dog": ("NOUN", ())})
    turn = answer_task(study.tasks.get(), make_annotator(), {"choice": 2}).assignment
    answer_turn(turn, {"choice": 5})
    for revisions, choices in (("last", [5]), ("all", [2, 5])):
        file = tmp_path / f"{revisions}.csv"
        call_command("export_responses", study.name, "--output", str(file), "--revisions", revisions)
        assert list(pd.read_csv(file)["choice"]) == choices
        assert capsys.readouterr().out.startswith(f"{len(choices)} responses in ")
    with pytest.raises(CommandError, match="invalid choice: 'first'"):
        call_command("export_responses", study.name, "--output", str(file), "--revisions", "first")


def test_it_writes_participations_and_their_codebook_where_that_is_asked_for(tmp_path):
    study = make_rated_study()
    options = ("output", "participations", "participations-codebook")
    files = {option: tmp_path / f"{option}.csv" for option in options}
    named = [f"--{option}={file}" for option, file in files.items()]
    call_command("export_responses", study.name, *named)
    answers, people, codebook = (pd.read_csv(file) for file in files.values())
    assert sorted(people["annotator"]) == sorted(set(answers["annotator"]))
    assert list(people["answered"]) == [5, 5, 5]
    assert list(codebook["column"]) == list(people.columns)


def test_files_begin_with_a_byte_order_mark_where_that_is_asked_for(tmp_path):
    study, mark = make_rated_study(), b"\xef\xbb\xbf"
    for begin, arguments in ((b"", []), (mark, ["--bom"])):
        options = ("output", "codebook", "participations", "participations-codebook")
        files = [tmp_path / f"{option}{len(begin)}.csv" for option in options]
        named = [f"--{option}={file}" for option, file in zip(options, files, strict=True)]
        call_command("export_responses", study.name, *named, *arguments)
        assert [file.read_bytes()[:3] == mark for file in files] == [bool(begin)] * 4
    assert files[0].read_bytes() == mark + (tmp_path / "output0.csv").read_bytes()


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
@pytest.mark.parametrize(
    "option", ["--output", "--codebook", "--participations", "--participations-codebook"]
)
def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path, place, option):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    arguments = ["export_responses", make_rated_study().name, option, str(tmp_path / place)]
    if option != "--output":
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
