import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from annotations.models import Annotator, Participation
from annotations.views.visitors import COOKIE, remember_annotator
from tests.annotations.views.visits import address, held, join
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db


def test_consent_sets_a_cookie_of_its_own_for_half_a_year(client, settings):
    settings.SESSION_COOKIE_SECURE = True
    client.post(address("start", make_open_study()))
    cookie = client.cookies[COOKIE]
    assert (cookie["path"], cookie["samesite"]) == ("/s/", "Lax")
    assert cookie["httponly"] is cookie["secure"] is True
    assert cookie["max-age"] == 180 * 24 * 60 * 60
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_over_plain_http_the_cookie_travels_too(client):
    client.post(address("start", make_open_study()))
    assert client.cookies[COOKIE]["secure"] == ""


def test_taking_part_leaves_a_researchers_session_as_long_as_it_was(researcher_client):
    before = researcher_client.session.get_expiry_date()
    join(researcher_client, make_open_study())
    session = researcher_client.session
    assert "_session_expiry" not in session
    assert session.get_expiry_age() == settings.SESSION_COOKIE_AGE
    assert (session.get_expiry_date() - before).total_seconds() < 60


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
    forger.cookies[COOKIE] = forge(client.cookies[COOKIE].value)
    assert "I agree" in forger.get(address("start", study)).text
    forger.post(address("start", study))
    assert Annotator.objects.count() == Participation.objects.count() == 2
    assert list(study.participations.filter(annotator=participation.annotator)) == [participation]


def test_a_cookie_of_an_annotator_who_is_not_there_is_nobody(client):
    """As after a restore of an older database."""
    study = make_open_study()
    answer = HttpResponse()
    remember_annotator(answer, Annotator(pk=12345))
    client.cookies.load(answer.cookies)
    assert "I agree" in client.get(address("start", study)).text
    assert client.post(address("start", study)).url == address("instructions", study)
    assert Participation.objects.get().annotator_id != 12345
