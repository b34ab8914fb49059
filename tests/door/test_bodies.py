"""What is too long is refused by its head, whoever sends it wherever: nothing of it is read."""

import html
import re

import pytest
from django.conf import settings
from django.urls import get_resolver

from generation.forms import MOST_IMPORTED
from generation.models import Import
from tests.factories import make_open_study
from tests.generation.admin.pages import IMPORT, upload

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"
SMALL = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
FORM, FILES = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"


class Unreadable:
    """A body that nobody may touch."""

    def read(self, *_):
        raise AssertionError("the body was read")

    readline = read


def announce(
    client, address: str, length: int | str, content_type: str = FILES, method: str = "POST", **head
):
    """Send a head that says so much follows."""
    head = {"CONTENT_LENGTH": str(length), "CONTENT_TYPE": content_type, "wsgi.input": Unreadable(), **head}
    return client.generic(method, address, **head)


@pytest.fixture
def study():
    return f"/s/{make_open_study().slug}/"


@pytest.fixture
def small_client(client):
    """Has a token against forgery, so that a form would be looked at."""
    client.handler.enforce_csrf_checks = True
    client.get(LOGIN)
    return client


@pytest.mark.parametrize("content_type", [FORM, FILES, "application/json", ""])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_body_that_is_too_long_is_refused_unread(small_client, study, method, content_type):
    for address in (LOGIN, study, IMPORT, "/admin/", "/nothing/", "/admin/login"):
        answer = announce(small_client, address, SMALL + 1, content_type, method)
        assert answer.status_code == 413, address
        assert "larger than 256 KiB" in answer.text


def test_an_import_of_two_gigabytes_is_refused_unread_with_the_limit(researcher_client):
    answer = announce(researcher_client, IMPORT, 2 * 1024**3)
    assert answer.status_code == 413
    assert "larger than 8 MiB, so nothing of it was read or stored" in answer.text
    assert "at most 8 MiB" in researcher_client.get(IMPORT).text


def test_what_is_not_too_long_is_read(small_client):
    token = small_client.cookies["csrftoken"].value
    data = {"username": "x" * (SMALL - 1000), "password": "p", "csrfmiddlewaretoken": token}
    answer = small_client.post(LOGIN, data)
    assert answer.status_code == 200
    assert "Log in" in answer.text
    with pytest.raises(AssertionError, match="the body was read"):
        announce(small_client, LOGIN, SMALL)


@pytest.mark.parametrize("length", ["-1", "+1", "1.5", "1e3", "1_000", " 1", "many", "٣", "0x10", "9" * 20])
def test_a_length_that_is_no_number_is_refused_unread(small_client, length):
    assert announce(small_client, LOGIN, length).status_code == 400
    assert announce(small_client, LOGIN, length, method="GET").status_code == 400


def test_a_body_without_a_length_is_refused_unread(small_client):
    answer = announce(small_client, LOGIN, "", HTTP_TRANSFER_ENCODING="chunked")
    assert answer.status_code == 400


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_what_asks_for_a_page_brings_no_body(small_client, study, method):
    for address in (LOGIN, study):
        assert announce(small_client, address, 1, method=method).status_code == 400
        assert announce(small_client, address, 0, method=method).status_code in (200, 405)


def test_files_are_taken_from_who_may_import_them(researcher_client, pokes):
    caption = b"a cat on a sofa, number %06d\n"
    content = b"".join(caption % number for number in range(20_000))
    assert SMALL < len(content) < MOST_IMPORTED
    answer = researcher_client.post(IMPORT, upload("captions.txt", content))
    assert answer.status_code == 302
    with Import.objects.get().file.open("rb") as file:
        assert file.read() == content


def test_who_may_import_is_told_the_limit_before_and_after(researcher_client):
    assert "at most 8 MiB" in researcher_client.get(IMPORT).text
    answer = announce(researcher_client, IMPORT, MOST_IMPORTED + 1)
    assert answer.status_code == 413
    assert "larger than 8 MiB" in answer.text
    # Without files, it is read as a whole into memory.
    answer = announce(researcher_client, IMPORT, SMALL + 1, FORM)
    assert answer.status_code == 413


def test_files_are_taken_at_their_own_address_only(researcher_client, study):
    for address in (LOGIN, study, "/admin/generation/promptset/build-words/"):
        assert announce(researcher_client, address, SMALL + 1).status_code == 413


@pytest.mark.parametrize(
    "changes",
    [{"is_active": False}, {"is_staff": False}, {"is_superuser": False}],
    ids=lambda changes: next(iter(changes)),
)
def test_files_are_taken_from_nobody_else(client, researcher, changes):
    client.force_login(researcher)
    vars(researcher).update(changes)
    researcher.save()
    answer = announce(client, IMPORT, SMALL + 1)
    assert answer.status_code == 413
    text = html.unescape(answer.text)
    assert "larger than 256 KiB" in text
    assert "Files of up to 8 MiB are taken here from people who are logged in" in text


def test_no_view_takes_more_than_is_held_in_memory():
    """So that nothing is written to disk by being sent."""
    assert {files.most for files in declared(get_resolver())} == {MOST_IMPORTED}
    assert settings.FILE_UPLOAD_MAX_MEMORY_SIZE == MOST_IMPORTED


def declared(resolver) -> list:
    found = []
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            found += declared(pattern)
        elif hasattr(pattern.callback, "takes_files"):
            found.append(pattern.callback.takes_files)
    return found


def test_the_page_says_what_to_do_in_the_sites_clothes(client):
    text = announce(client, LOGIN, SMALL + 1).text
    assert '<p class="eyebrow">413</p>' in text
    assert "css/daamweb.css" in text
    assert re.search(r"nothing of it was read or stored\. Go back and send less\.", text)
    assert "Files of up to" not in text
