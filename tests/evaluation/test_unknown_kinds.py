"""A kind of task that this version of the site does not have: of another branch, or another version."""

from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.utils.html import escape

from annotations.errors import UnknownKindError
from annotations.kinds.registry import KINDS
from annotations.models import Study
from annotations.services.verifications import verify_study
from evaluation.jobs import compute_report
from evaluation.models import Report
from tests.evaluation.studies import make_rated_study

pytestmark = pytest.mark.django_db
SAID = "There is no kind of task 'attribution'; known kinds: object_presence"


@pytest.fixture
def study():
    study = make_rated_study()
    with patch.dict(KINDS):  # puts them back in their order
        del KINDS["attribution"]
        yield Study.objects.select_related("run", "plan").get(pk=study.pk)


def test_nothing_is_taken_for_a_deviation(study):
    with pytest.raises(UnknownKindError, match=SAID):
        verify_study(study, files=True)
    assert not study.plan.deviations.exists()


@pytest.mark.parametrize("command", ["export_responses", "report"])
def test_commands_say_it_in_one_line(study, command, tmp_path):
    with pytest.raises(CommandError, match=SAID):
        call_command(command, study.name, "--output", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_pages_say_it(study, researcher_client):
    for file in ("responses", "codebook"):
        answer = researcher_client.get(f"/evaluation/studies/{study.pk}/{file}.csv")
        assert answer.status_code == 404
    report = Report.objects.create(study=study, analysis="opinion")
    compute_report(report.pk)
    report.refresh_from_db()
    assert report.error == f"UnknownKindError: {SAID}."
    page = researcher_client.get(f"/evaluation/studies/{study.pk}/report/").text
    assert escape(SAID) in page
    assert "Try again</button>" in page
