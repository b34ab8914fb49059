"""What stands in the log, and what does not."""

import logging
from io import StringIO

import pytest
from django.db import IntegrityError
from django.test import Client

from annotations.models import Annotator
from annotations.services.identities import erase_person
from daamweb import celery_app
from daamweb.logs import LineFormatter
from daamweb.projects.models import Role
from daamweb.projects.services.invitations import invite
from tests.annotations.views.visits import address, join, send
from tests.factories import main_project, make_member, make_open_study
from tests.sources import SITE, TOP, sources

ROW = "a platform's id\nand an answer"


@pytest.fixture
def log():
    """What the site's own handler writes."""
    [handler] = [each for each in logging.getLogger().handlers if isinstance(each.formatter, LineFormatter)]
    written = StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


@pytest.fixture
def everything(log):
    """The same, of every level."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    yield log
    root.setLevel(before)


@pytest.mark.django_db
def test_addresses_that_open_something_are_shortened(log):
    study = make_open_study()
    browser = Client(enforce_csrf_checks=True)
    _, token = invite(project=main_project(), role=Role.OBSERVER, by=make_member(Role.OWNER))
    browser.post(address("start", study))
    browser.get(f"{address('start', study)}no/such/page/?worker=A1B2C3")
    browser.post(f"/projects/invitations/{token}/?worker=A1B2C3")
    text = log.getvalue()
    assert "Forbidden (CSRF cookie not set.): /s/…/\n" in text
    assert "Not Found: /s/…/no/such/page/\n" in text
    assert "Forbidden (CSRF cookie not set.): /projects/invitations/…/\n" in text
    for secret in (study.slug, token, "A1B2C3"):
        assert secret not in text


@pytest.mark.django_db
def test_the_way_of_an_annotator_tells_the_log_nothing_of_who_it_is(everything, researcher):
    study = make_open_study()
    browser = Client()
    person = join(browser, study)
    Annotator.objects.update(external_id="platform-id-1")
    turn = person.assignments.get()
    send(browser, turn, {"choice": 4})
    send(browser, turn, {"choice": "no number"})
    send(Client(), turn, {"choice": 4})
    browser.get(address("assignment", study, 12345))
    cookies = [cookie.value for cookie in browser.cookies.values()]
    erase_person(participation=person, by=researcher)
    text = everything.getvalue()
    assert "/s/…/assignments/12345/" in text
    person.refresh_from_db()
    for secret in ("platform-id-1", study.slug, person.completion_code, person.pseudonym, *cookies):
        assert secret not in text


def test_what_the_database_says_of_a_row_is_left_out_of_tracebacks(log):
    try:
        try:
            raise IntegrityError(f"duplicate key\nDETAIL: Key (external_id)=({ROW}) already exists.\n")
        except IntegrityError as error:
            raise RuntimeError("The person could not be stored.") from error
    except RuntimeError:
        logging.getLogger("annotations").exception("It failed.")
    text = log.getvalue()
    assert ROW not in text
    assert "an answer" not in text
    for kept in (
        "It failed.",
        "duplicate key\nDETAIL: (not for the log)\n",
        "The person could not be stored.",
    ):
        assert kept in text


def test_a_workers_log_is_written_as_the_sites():
    """Celery otherwise puts a handler of its own in the place of the site's."""
    assert celery_app.conf.worker_hijack_root_logger is False


def test_messages_are_sent_in_two_places_which_send_keys_only():
    """`daamweb.pokes` sends the key of a row, and beat sweeps that take nothing; a broker and its log know no
    more."""
    sending = (".delay(", ".apply_async(", "send_task(")
    found = [path for path, text in sources(*SITE) if any(each in text for each in sending)]
    assert found == ["daamweb/beat.py", "daamweb/pokes.py"]


def test_gunicorn_writes_down_no_requests():
    """Its lines would hold secret addresses, queries and browsers."""
    files = (
        "Procfile",
        "docker-compose.yml",
        "Dockerfile",
        *(path.name for path in TOP.glob("gunicorn*.py")),
    )
    assert [name for name in files if "access" in (TOP / name).read_text(encoding="utf-8")] == []
