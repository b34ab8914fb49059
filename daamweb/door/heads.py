"""A head of which Django makes no request: it raises before there is anything that could answer."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import TooManyFieldsSent

from daamweb.headers import content_policy

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
REASON = b"The content type of this request is not one.\n"
TOO_MANY = b"The address of this request names too many things.\n"
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']*)", re.IGNORECASE)


def with_sound_heads(application: Application) -> Application:
    """Refuses content types whose parameters say in which encoding they are (RFC 2231), or that name another
    encoding than UTF-8: no browser sends them, and Django reads the address by them, tripping over those that
    there are not. It reads the address then, too, before anything could refuse one of too many parts."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not _is_sound(environ.get("CONTENT_TYPE", "")):
            return _refuse(start_response, REASON)
        try:
            return application(environ, start_response)
        except TooManyFieldsSent:
            return _refuse(start_response, TOO_MANY)

    return answer


def _is_sound(content_type: str) -> bool:
    named = _CHARSET.findall(content_type)
    return "*" not in content_type and all(each.lower() in ("utf-8", "utf8", "") for each in named)


def _refuse(start_response: Callable[..., Any], reason: bytes) -> Iterable[bytes]:
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(reason))),
        ("Content-Security-Policy", content_policy()),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
    ]
    start_response("400 Bad Request", headers)
    return [reason]
