import pytest
from django.core.management import CommandError, call_command

from tests.evaluation.studies import make_rated_study
from tests.factories import make_run, make_study

pytestmark = pytest.mark.django_db


def test_of_a_study_it_writes_what_the_report_writes(tmp_path):
    study = make_rated_study()
    call_command("report", study.name, "--output", str(tmp_path / "report"))
    call_command("analyze", "opinion", "--study", study.name, "--output", str(tmp_path / "opinion"))
    reported, analysed = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        for folder in ("report", "opinion")
    )
    assert reported == analysed


def test_a_study_may_come_with_its_own_run_and_with_no_other(tmp_path):
    study, other = make_rated_study(), make_run()
    output = ["--output", str(tmp_path / "out")]
    call_command("analyze", "opinion", "--study", study.name, "--run", study.run.name, *output)
    with pytest.raises(CommandError, match=f"shows the images of {study.run.name!r}, not of {other.name!r}"):
        call_command("analyze", "opinion", "--study", study.name, "--run", other.name, *output)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["opinion"], "Say what to analyse: --study NAME or --run NAME"),
        (["opinion", "--study", "none such"], "There is no study named 'none such'. There are: none"),
        (["opinion", "--run", "none such"], "There is no generation run named 'none such'. There are: none"),
        (["seance", "--run", "none such"], "There is no analysis 'seance'; there are opinion, cohyponyms"),
    ],
)
def test_what_is_not_there_is_one_clear_line(arguments, said, tmp_path):
    with pytest.raises(CommandError, match=said):
        call_command("analyze", *arguments, "--output", str(tmp_path))


def test_a_draft_is_refused(tmp_path):
    with pytest.raises(CommandError, match="was never opened"):
        call_command("analyze", "opinion", "--study", make_study().name, "--output", str(tmp_path))
