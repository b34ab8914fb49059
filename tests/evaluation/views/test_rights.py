"""Who may see reports and responses, and who may ask for them."""

from collections.abc import Iterable

import pytest
from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.utils import timezone

from evaluation.documents.content import NamedFigure, ReportContent, Section
from evaluation.documents.drawing import message_figure
from evaluation.models import Report
from evaluation.services.results import store_result
from tests.evaluation.pages import address, html
from tests.evaluation.studies import keep_report, make_attribution_study, make_rated_study

pytestmark = pytest.mark.django_db

READING = ("annotations.view_study", "evaluation.view_report")
READING_RUNS = ("generation.view_generation", "evaluation.view_report")
# (name, method): the rights that it takes.
RIGHTS = {
    ("report/", "get"): READING,
    ("analyses/opinion/refresh/", "post"): ("evaluation.view_report",),
    ("responses.csv", "get"): ("annotations.view_response",),
    ("codebook.csv", "get"): ("annotations.view_response",),
    ("figure", "get"): READING,
    ("analyses/opinion/", "get"): READING,
    ("runs", "get"): READING_RUNS,
    ("run", "get"): READING_RUNS,
    ("figure of a run", "get"): READING_RUNS,
    ("refresh run", "post"): ("evaluation.view_report",),
}


def give_rights(user, rights: Iterable[str]) -> None:
    codenames = [right.partition(".")[2] for right in rights]
    permissions = Permission.objects.filter(codename__in=codenames)
    assert len(permissions) == len(codenames)
    user.user_permissions.set(permissions)


@pytest.fixture
def staff(django_user_model):
    return django_user_model.objects.create_user(username="staff", is_staff=True)


@pytest.fixture
def visit(client, pokes):
    """Visit an address of a study that has a report; what the answer was."""
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

    def visit(name: str, method: str) -> HttpResponse:
        pages = {
            "figure": f"/evaluation/results/{report.fingerprint}/figures/opinion_scores.svg",
            "figure of a run": f"/evaluation/results/{of_run.fingerprint}/figures/areas.svg",
            "runs": f"/evaluation/runs/{study.run.pk}/analyses/",
            "run": f"/evaluation/runs/{study.run.pk}/analyses/opinion/",
            "refresh run": f"/evaluation/runs/{study.run.pk}/analyses/opinion/refresh/",
        }
        return getattr(client, method)(pages.get(name) or address(study, name))

    return visit


@pytest.mark.parametrize(("name", "method"), list(RIGHTS))
def test_who_is_not_of_the_staff_is_sent_to_log_in(client, visit, django_user_model, name, method):
    assert "/admin/login/" in visit(name, method).headers["Location"]
    visitor = django_user_model.objects.create_user(username="visitor")
    give_rights(visitor, RIGHTS[name, method])
    client.force_login(visitor)
    assert "/admin/login/" in visit(name, method).headers["Location"]


@pytest.mark.parametrize(("name", "method"), list(RIGHTS))
def test_staff_need_every_right_that_a_page_takes(client, visit, staff, name, method):
    needed = RIGHTS[name, method]
    others = {right for rights in RIGHTS.values() for right in rights}
    for missing in needed:
        give_rights(staff, others - {missing})
        client.force_login(staff)
        assert visit(name, method).status_code == 403
    give_rights(staff, needed)
    client.force_login(staff)
    assert visit(name, method).status_code == (302 if method == "post" else 200)


def test_who_may_not_ask_wakes_no_worker(client, staff, pokes):
    study = make_rated_study()
    client.force_login(staff)
    assert client.post(address(study, "analyses/opinion/refresh/")).status_code == 403
    assert not Report.objects.exists()
    assert pokes == []


def test_the_page_leads_only_where_one_may_go(client, visit, staff):
    def links() -> list[bool]:
        page = html(visit("report/", "get"))
        return [part in page for part in ("responses.csv", "codebook.csv", "Images and heat maps")]

    give_rights(staff, READING)
    client.force_login(staff)
    assert links() == [False, False, False]
    give_rights(staff, (*READING, "annotations.view_response", "generation.view_generation"))
    client.force_login(staff)
    assert links() == [True, True, True]


def test_what_is_not_there_is_not_found(researcher_client):
    for page in ("studies/99/report/", "studies/99/responses.csv", "results/99/figures/accuracy.svg"):
        assert researcher_client.get(f"/evaluation/{page}").status_code == 404
    assert researcher_client.post("/evaluation/studies/99/analyses/opinion/refresh/").status_code == 404
