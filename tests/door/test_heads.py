"""Heads of which Django makes no request, and odd ones: what a server is answered, without a database."""

import pytest
from django.core.handlers.wsgi import WSGIRequest

from daamweb.door.heads import with_sound_heads
from daamweb.wsgi import application

LOGIN = "/admin/login/"


@pytest.mark.parametrize("parameter", ["a*=klingon''%41", "charset*=idna''%ff", "boundary*0*=zlib''x"])
def test_an_encoded_parameter_of_a_type_is_refused(rf, parameter):
    environ = rf.post(LOGIN).environ | {"CONTENT_TYPE": f"multipart/form-data; {parameter}"}
    answers: list[tuple[str, dict]] = []
    assert b"".join(application(environ, lambda status, headers: answers.append((status, dict(headers)))))
    [(status, headers)] = answers
    assert status == "400 Bad Request"
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")


@pytest.mark.parametrize("named", ["rot13", "'latin-1'", "utf-16", "UTF-7", "klingon", "utf-8; charset=hex"])
def test_an_address_is_read_as_utf_8_or_not_at_all(rf, named):
    environ = rf.get("/s/x/?a=b").environ | {"CONTENT_TYPE": f"x; charset={named}"}
    assert answer_of(environ) == "400 Bad Request"


@pytest.mark.parametrize("content_type", ["x; charset=utf-8", 'x; CHARSET = "UTF-8"'])
def test_an_address_of_too_many_parts_is_refused(rf, content_type):
    environ = rf.get("/s/x/?" + "a&" * 1_100).environ | {"CONTENT_TYPE": content_type}
    assert answer_of(environ, with_sound_heads(lambda environ, _: WSGIRequest(environ))) == "400 Bad Request"


def answer_of(environ: dict, server=application) -> str:
    answers: list[str] = []
    assert b"".join(server(environ, lambda status, headers: answers.append(status)))
    (status,) = answers
    return status
