"""What is sent is text in UTF-8, without NUL.

Django puts a mark in the place of what is not UTF-8 and goes on, and PostgreSQL stores no NUL: what cannot be
kept as it was sent is refused before a view sees it.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase

from daamweb.door.bodies import is_long, length_of
from daamweb.door.refusals import malformed

FORMS = URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
# What Django puts in the place of bytes that are no UTF-8.
REPLACEMENT = "\ufffd"


class WellFormedTexts:
    """Middleware: looks at the address and at forms. Stands behind the one that judges how long they are."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        reason = _fault_of_head(request) or (None if is_long(request) else _fault_of_form(request))
        return malformed(request, reason) if reason else self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """By now it is known whether who sends a long form may send it."""
        reason = _fault_of_form(request) if is_long(request) else None
        return malformed(request, reason) if reason else None


def _fault_of_head(request: HttpRequest) -> str | None:
    # Django would decode by whatever codec is named here, and some that Python has are none of text.
    if (request.content_params or {}).get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        return "Only UTF-8 is taken"
    if "\0" in request.path_info:
        return "NUL in the address"
    return _fault_of_bytes(request.META.get("QUERY_STRING", "").encode("latin-1"), "the address")


def _fault_of_form(request: HttpRequest) -> str | None:
    if request.method != "POST" or request.content_type not in FORMS:
        return None
    try:
        # Django takes a form that broke off as it is. A long one is not held as a whole; what is missing from
        # it is its file.
        if not is_long(request) and len(request.body) != length_of(request):
            return "The form broke off"
        if request.content_type == URLENCODED and (reason := _fault_of_bytes(request.body, "the form")):
            return reason
        texts = [text for name, values in request.POST.lists() for text in (name, *values)]
    except UnreadablePostError:
        return "The form broke off"
    except (MultiPartParserError, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent) as error:
        return str(error)
    # Files are their view's matter. The texts of the other sort of form were looked at as bytes.
    if request.content_type == MULTIPART and any("\0" in text or REPLACEMENT in text for text in texts):
        return "NUL or what is no UTF-8 in a field"
    return None


def _fault_of_bytes(quoted: bytes, where: str) -> str | None:
    """Names and values stand between ASCII marks, so that the whole is UTF-8 when each of them is."""
    text = unquote_to_bytes(quoted)
    if b"\0" in text:
        return f"NUL in {where}"
    try:
        text.decode()
    except UnicodeDecodeError:
        return f"What is no UTF-8 in {where}"
    return None
