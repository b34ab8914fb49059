"""Bodies and addresses that are made to trip over: each is refused, none breaks the site."""

import io

import pytest
from django.conf import settings

from generation.models import PromptSet
from tests.factories import make_open_study
from tests.generation.admin.pages import IMPORT, upload

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
LOGIN = "/admin/login/"
SMALL = settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def part(value: bytes = b"x", name: bytes = b"a", *headers: bytes) -> bytes:
    first = b'Content-Disposition: form-data; name="' + name + b'"'
    return b"\r\n".join([b"--x", first, *headers, b"", value, b""])


def parts(*found: bytes) -> bytes:
    return b"".join([*found, b"--x--\r\n"])


def file(content: bytes = b"x", *headers: bytes) -> bytes:
    return part(content, b'file"; filename="captions.txt', *headers)


MULTIPART = "multipart/form-data; boundary=x"
BODIES = {
    "ten thousand parts": (MULTIPART, parts(*[part(b"", b"a")[:-2] + b"\r\n"] * 10_000)[:SMALL]),
    "parts without a name": (MULTIPART, parts(*[b"--x\r\n\r\n\r\n"] * 10_000)),
    "two files": (MULTIPART, parts(file(), file())),
    "a thousand files": (MULTIPART, parts(*[file()] * 1000)),
    "a huge header of a part": (MULTIPART, parts(part(b"x", b"a", b"X: " + 200_000 * b"x"))),
    "many headers of a part": (MULTIPART, parts(part(b"x", b"a", *[b"X: x"] * 30_000))),
    "NUL in a part": (MULTIPART, parts(part(b"a\0b"))),
    "NUL in the name of a part": (MULTIPART, parts(part(b"x", b"a\0b"))),
    "no UTF-8 in a part": (MULTIPART, parts(part(b"caf\xe9"))),
    "no base64": (MULTIPART, parts(file(b"=====", b"Content-Transfer-Encoding: base64"))),
    "no boundary": ("multipart/form-data", parts(part())),
    "an empty boundary": ("multipart/form-data; boundary=", parts(part())),
    "a long boundary": (f"multipart/form-data; boundary={300 * 'x'}", parts(part())),
    "a boundary that is no ASCII": ("multipart/form-data; boundary=é", parts(part())),
    "fields": (FORM, (b"a=&" * SMALL)[:SMALL]),
    "fields without a name": (FORM, b"&=" * (SMALL // 2)),
    "NUL": (FORM, b"username=a%00b"),
    "bare NUL": (FORM, b"username=a\0b"),
    "NUL in a name": (FORM, b"user%00name=a"),
    "no UTF-8": (FORM, b"username=caf%e9"),
    "bare bytes": (FORM, b"username=caf\xe9"),
    "half a letter": (FORM, b"username=%e2%82&password=%ac"),
    "a surrogate": (FORM, b"username=%ed%a0%80"),
    "another encoding": (f"{FORM}; charset=latin-1", b"username=a"),
    "another encoding of parts": (f"{MULTIPART}; charset=utf-16", parts(part())),
    "an encoding of no text": (f"{MULTIPART}; charset=rot13", parts(part())),
    "an unknown encoding": (f"{MULTIPART}; charset=klingon", parts(part())),
}
# Nothing is wrong with these but their content, which no page has a use for.
STRANGE_BODIES = {
    "deeply nested names": (FORM, b"a" + b"[a" * 50_000 + b"]" * 50_000 + b"=1"),
    "nested parts": (
        MULTIPART,
        parts(part(parts(part()), b"a", b"Content-Type: multipart/mixed; boundary=y")),
    ),
    "a boundary that does not come": (MULTIPART, 100_000 * b"-"),
    "a body that ends in a part": (MULTIPART, part(b"x" * 1000)[:-10]),
    "percent signs": (FORM, SMALL * b"%"),
    "deeply nested JSON": ("application/json", b"[" * 100_000),
    "no type": ("", b"x"),
    "no type that there is": ("klingon;;;=;", b"x"),
}


@pytest.fixture
def study():
    return f"/s/{make_open_study().slug}/"


@pytest.fixture
def careful_client(client):
    client.handler.enforce_csrf_checks = True
    client.get(LOGIN)
    return client


def send(client, address: str, content_type: str, body: bytes):
    return client.generic("POST", address, body, content_type=content_type)


@pytest.mark.parametrize("kind", BODIES)
def test_a_malformed_body_is_refused(careful_client, researcher_client, study, kind):
    for address in (LOGIN, study, study + "next/", "/admin/logout/", IMPORT, "/nothing/"):
        for client in (careful_client, researcher_client):
            answer = send(client, address, *BODIES[kind])
            assert answer.status_code == 400, address
            assert '<p class="eyebrow">400</p>' in answer.text


@pytest.mark.parametrize("kind", STRANGE_BODIES)
def test_a_strange_body_breaks_nothing(careful_client, study, kind):
    for address in (LOGIN, study, study + "next/", "/admin/logout/", IMPORT, "/nothing/"):
        assert 400 <= send(careful_client, address, *STRANGE_BODIES[kind]).status_code < 500, address


@pytest.mark.parametrize(
    "query", ["%00", "page=%00", "q=a%00b", "%ff", "q=caf%e9", "q=%ed%a0%80", "q=caf\xe9"]
)
def test_a_malformed_address_is_refused(researcher_client, study, query):
    for address in (LOGIN, study, "/admin/generation/promptset/", "/nothing/"):
        assert researcher_client.get(address, QUERY_STRING=query).status_code == 400, address


@pytest.mark.parametrize(
    "path", ["/admin/%00/", "/admin/generation/promptset/%00/change/", "/s/%00/", "/%00"]
)
def test_nul_in_a_path_is_refused(researcher_client, path):
    assert researcher_client.get(path).status_code in (400, 404)


def test_texts_of_any_script_are_taken(careful_client):
    token = careful_client.cookies["csrftoken"].value
    for data in ({"username": "Zoë 猫 🐈 \ufffd\u202e"}, {"username": "猫", "password": "a\nb"}):
        body = "&".join(f"{name}={value}" for name, value in {**data, "csrfmiddlewaretoken": token}.items())
        answer = send(careful_client, LOGIN, f"{FORM}; charset=UTF-8", body.encode())
        assert answer.status_code == 200
        assert f'value="{data["username"]}"' in answer.text  # what was typed is still there


@pytest.mark.parametrize("content_type", [FORM, MULTIPART])
def test_a_body_that_breaks_off_is_refused(careful_client, content_type):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError

    head = {"CONTENT_LENGTH": "100", "CONTENT_TYPE": content_type}
    for body in (Broken(), io.BytesIO(b"username=a")):
        assert careful_client.generic("POST", LOGIN, **head, **{"wsgi.input": body}).status_code == 400


def test_a_file_of_deeply_nested_json_is_refused_at_its_field(researcher_client):
    answer = researcher_client.post(IMPORT, upload("captions.json", b'{"annotations": ' + b"[" * 100_000))
    assert "nested too deeply" in answer.text
    assert not PromptSet.objects.exists()
