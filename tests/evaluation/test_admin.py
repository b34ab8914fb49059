import pytest

from evaluation.models import Report
from evaluation.services.reports import compute_report
from tests.evaluation.studies import ask, make_rated_study

pytestmark = pytest.mark.django_db


def test_reports_can_be_looked_at_and_not_changed(researcher_client):
    study = make_rated_study()
    report = ask(study)
    compute_report(report=report)
    report.refresh_from_db()
    listed = researcher_client.get("/admin/evaluation/report/").content.decode()
    assert f'<a href="/evaluation/studies/{study.pk}/report/">Look</a>' in listed
    page = f"/admin/evaluation/report/{report.pk}/change/"
    assert report.fingerprint in researcher_client.get(page).content.decode()
    assert researcher_client.post(page, {"state": "failed"}).status_code == 403
    assert researcher_client.get("/admin/evaluation/report/add/").status_code == 403
    assert Report.objects.get().state == Report.State.DONE
