"""Who may see reports and responses, and who may ask for them."""

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from daamweb.projects.models import Role
from evaluation.documents.content import NamedFigure, ReportContent, Section
from evaluation.documents.drawing import message_figure
from evaluation.models import Report
from evaluation.services.results import store_result
from tests.evaluation.pages import address, html
from tests.evaluation.studies import keep_report, make_attribution_study, make_rated_study
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db

WORKING = (Role.RESEARCHER, Role.OWNER)
# (name, method): the roles that may.
MAY = {
    ("report/", "get"): tuple(Role),
    ("analyses/opinion/refresh/", "post"): tuple(Role),
    ("responses.csv", "get"): WORKING,
    ("codebook.csv", "get"): WORKING,
    ("participations-codebook.csv", "get"): WORKING,
    ("figure", "get"): tuple(Role),
    ("analyses/opinion/", "get"): tuple(Role),
    ("runs", "get"): tuple(Role),
    ("run", "get"): tuple(Role),
    ("figure of a run", "get"): tuple(Role),
    ("refresh run", "post"): tuple(Role),
}
every_address = pytest.mark.parametrize(("name", "method"), list(MAY))


@pytest.fixture
def visit(pokes):
    """Visit an address of a study that has a report, in some browser; what the answer was."""
    study = make_attribution_study()
    figure = NamedFigure("opinion_scores", "Scores", message_figure("Nothing", "yet"))
    of_run = Report.objects.create(
        run=study.run, analysis="areas", fingerprint="f" * 64, state=Report.State.DONE,
        finished_at=timezone.now(),
        file=store_result(
            ReportContent((Section("A", figures=(NamedFigure("areas", "A", message_figure("a", "b")),)),)),
            fingerprint="f" * 64,
        ),
    )  # fmt: skip
    report = keep_report(ReportContent((Section("Scores", figures=(figure,)),)), study)

    def visit(client: Client, name: str, method: str) -> HttpResponse:
        pages = {
            "figure": f"/evaluation/results/{report.fingerprint}/figures/opinion_scores.svg",
            "figure of a run": f"/evaluation/results/{of_run.fingerprint}/figures/areas.svg",
            "runs": f"/evaluation/runs/{study.run.pk}/analyses/",
            "run": f"/evaluation/runs/{study.run.pk}/analyses/opinion/",
            "refresh run": f"/evaluation/runs/{study.run.pk}/analyses/opinion/refresh/",
        }
        return getattr(client, method)(pages.get(name) or address(study, name))

    return visit


@every_address
def test_who_is_not_of_the_staff_is_sent_to_log_in(client, visit, name, method):
    assert "/admin/login/" in visit(client, name, method).headers["Location"]
    client.force_login(make_user())
    assert "/admin/login/" in visit(client, name, method).headers["Location"]


@every_address
@pytest.mark.parametrize("role", Role)
def test_members_may_what_their_role_may(member_client, visit, role, name, method):
    done = 302 if method == "post" else 200
    expected = done if role in MAY[name, method] else 403
    assert visit(member_client(role), name, method).status_code == expected


@every_address
def test_who_is_not_in_the_project_finds_nothing(member_client, visit, name, method):
    for client in (member_client(None), member_client(Role.OWNER, make_project())):
        assert visit(client, name, method).status_code == 404


def test_who_may_not_look_wakes_no_worker(member_client, pokes):
    study = make_rated_study()
    for client in (member_client(None), member_client(Role.OWNER, make_project())):
        assert client.post(address(study, "analyses/opinion/refresh/")).status_code == 404
    assert not Report.objects.exists()
    assert pokes == []


@pytest.mark.parametrize("role", Role)
def test_the_page_leads_only_where_one_may_go(member_client, visit, role):
    page = html(visit(member_client(role), "report/", "get"))
    shown = {part for part in ("responses.csv", "codebook.csv", "Images and heat maps") if part in page}
    exported = {"responses.csv", "codebook.csv"} if role in WORKING else set()
    assert shown == {"Images and heat maps"} | exported


def test_what_is_not_there_is_not_found(researcher_client):
    for page in ("studies/99/report/", "studies/99/responses.csv", "results/99/figures/accuracy.svg"):
        assert researcher_client.get(f"/evaluation/{page}").status_code == 404
    assert researcher_client.post("/evaluation/studies/99/analyses/opinion/refresh/").status_code == 404


@pytest.mark.parametrize("role", Role)
def test_observers_see_people_in_sums_only(member_client, role):
    study = make_rated_study()
    people = Section("One by one", text="annotator 7", of_persons=True)
    keep_report(ReportContent((Section("All", text="in sums"), people)), study)
    page = html(member_client(role).get(address(study, "report/")))
    assert "in sums" in page
    assert ("annotator 7" in page) == (role != Role.OBSERVER)
