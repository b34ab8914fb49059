import pytest
from django.http import HttpResponse
from django.test import Client

from annotations.models import Annotator, Participation, Study
from annotations.views.visitors import COOKIE, SALT, remember_annotator
from tests.annotations.views.visits import address, held, join
from tests.factories import make_annotator, make_open_study, make_project, make_prompt_set, make_run

pytestmark = pytest.mark.django_db


def cookie_of(study: Study) -> str:
    """What the cookie is called in which a browser remembers who it is in the study's project."""
    return f"annotator-{study.project_id}"


def make_study_elsewhere() -> Study:
    """Open, in a project of its own."""
    return make_open_study(run=make_run(make_prompt_set(project=make_project())))


def browser_with(name: str, annotator: Annotator) -> Client:
    """One that remembers the annotator in a cookie of this name, signed by the site; "annotator" is what it
    was called before there were projects."""
    answer = HttpResponse()
    answer.set_signed_cookie(name, str(annotator.pk), salt=SALT)
    browser = Client()
    browser.cookies.update(answer.cookies)
    return browser


def test_consent_sets_a_cookie_of_its_own_for_half_a_year(client, settings):
    settings.SESSION_COOKIE_SECURE = True
    study = make_open_study()
    client.post(address("start", study))
    cookie = client.cookies[f"__Secure-{cookie_of(study)}"]
    assert (cookie["path"], cookie["samesite"]) == ("/s/", "Lax")
    assert cookie["httponly"] is cookie["secure"] is True
    assert cookie["max-age"] == 180 * 24 * 60 * 60
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_over_plain_http_the_cookie_travels_too(client):
    study = make_open_study()
    client.post(address("start", study))
    assert client.cookies[cookie_of(study)]["secure"] == ""


def test_taking_part_leaves_a_researchers_session_as_long_as_it_was(researcher_client):
    before = researcher_client.session.get_expiry_date()
    join(researcher_client, make_open_study())
    assert researcher_client.session.get_expiry_date() == before


def test_logging_in_and_out_forgets_no_annotator(client, researcher):
    study = make_open_study()
    participation = join(client, study)
    turn = held(participation)
    client.force_login(researcher)
    client.post("/admin/logout/")
    assert client.get(address("start", study)).url == address("assignment", study, turn.pk)


@pytest.mark.parametrize("forge", [lambda value: "1", lambda value: f"1{value}", lambda value: f"{value}x"])
def test_a_forged_cookie_is_nobody(client, forge):
    study = make_open_study()
    participation = join(client, study)
    forger = Client()
    forger.cookies[cookie_of(study)] = forge(client.cookies[cookie_of(study)].value)
    assert "I agree" in forger.get(address("start", study)).text
    forger.post(address("start", study))
    assert Annotator.objects.count() == Participation.objects.count() == 2
    assert list(study.participations.filter(annotator=participation.annotator)) == [participation]


def test_a_cookie_of_an_annotator_who_is_not_there_is_nobody(client):
    """As after a restore of an older database."""
    study = make_open_study()
    answer = HttpResponse()
    remember_annotator(answer, Annotator(pk=12345, project=study.project))
    client.cookies.load(answer.cookies)
    assert "I agree" in client.get(address("start", study)).text
    assert client.post(address("start", study)).url == address("instructions", study)
    assert Participation.objects.get().annotator_id != 12345


@pytest.mark.parametrize("https_only", [False, True])
def test_a_cookie_from_before_projects_is_still_known(client, settings, https_only):
    settings.SESSION_COOKIE_SECURE = https_only
    study = make_open_study()
    participation = join(client, study)
    browser, turn = browser_with(COOKIE, participation.annotator), held(participation)
    assert browser.get(address("start", study)).url == address("assignment", study, turn.pk)
    assert browser.get(address("assignment", study, turn.pk)).status_code == 200
    another = make_open_study()
    assert join(browser, another).annotator == participation.annotator
    assert ("__Secure-" if https_only else "") + cookie_of(another) in browser.cookies


def test_the_projects_own_cookie_goes_before_the_old_one(client):
    study = make_open_study()
    participation = join(client, study)
    browser = browser_with(COOKIE, make_annotator())
    browser.cookies.update(client.cookies)
    assert browser.get(address("start", study)).url == address("assignment", study, held(participation).pk)


@pytest.mark.parametrize("name", ["own", "old"])
def test_a_cookie_of_another_projects_annotator_is_nobody(client, name):
    """Everybody of before is in the first project, and the old name says nothing of projects."""
    study, elsewhere = make_open_study(), make_study_elsewhere()
    participation = join(client, elsewhere)
    name = {"own": cookie_of(study), "old": COOKIE}[name]
    browser = browser_with(name, participation.annotator)
    assert "I agree" in browser.get(address("start", study)).text
    newcomer = join(browser, study).annotator
    assert newcomer != participation.annotator
    assert newcomer.project == study.project


def test_one_browser_is_two_annotators_in_two_projects(client):
    study, elsewhere = make_open_study(), make_study_elsewhere()
    first, second = join(client, study), join(client, elsewhere)
    assert {cookie_of(study), cookie_of(elsewhere)} <= set(client.cookies)
    assert first.annotator != second.annotator
    assert [each.annotator.project for each in (first, second)] == [study.project, elsewhere.project]
    for participation in (first, second):
        turn = held(participation)
        assert client.get(address("start", turn.study)).url == address("assignment", turn.study, turn.pk)
        assert client.get(address("assignment", turn.study, turn.pk)).status_code == 200
    assert client.get(address("assignment", study, held(second).pk)).status_code == 404
    assert join(client, make_open_study()).annotator == first.annotator
