"""How much a request may bring, judged by what its head says, before anything of it is read.

Django looks for the token against forgery in a form before a view is called, and when there is no view:
without this, whatever anybody sends is read, and the files in it are written to disk, before it is refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import resolve

from daamweb.door.refusals import malformed, too_large

View = TypeVar("View", bound=Callable[..., Any])

WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "TRACE")


@dataclass(frozen=True)
class Files:
    """How much a view takes, and from whom."""

    most: int
    may: Callable[[HttpRequest], bool]


def takes_files(*, most: int, may: Callable[[HttpRequest], bool]) -> Callable[[View], View]:
    """Lets a view take forms with files, of `most` bytes altogether, from staff who `may` do what it does.
    Everybody else may send as little as to any other view: `DATA_UPLOAD_MAX_MEMORY_SIZE`."""

    def declare(view: View) -> View:
        vars(view)["takes_files"] = Files(most, may)
        return view

    return declare


class BodyLimits:
    """Middleware: what is too long, or does not say how long it is, is refused unread. Stands before
    everything that looks at what was sent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Whatever nobody may send ends here; who is asking is known when a view is called."""
        if reason := _fault(request):
            return malformed(request, reason)
        if is_long(request):
            files = _files_at(request)
            most = files.most if files is not None else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            if length_of(request) > most:
                return too_large(request, most)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if not is_long(request):
            return None
        files: Files = vars(view)["takes_files"]
        user = request.user
        # A form without files would be held in memory as a whole.
        is_form_with_files = request.content_type == "multipart/form-data"
        if is_form_with_files and user.is_active and user.is_staff and files.may(request):
            return None
        return too_large(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE, files.most)


def length_of(request: HttpRequest) -> int:
    """Bytes of the body, as the head says."""
    return int(request.META.get("CONTENT_LENGTH") or 0)


def is_long(request: HttpRequest) -> bool:
    """Whether only some views take as much."""
    return length_of(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _fault(request: HttpRequest) -> str | None:
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return "A body has to say its length"
    if not re.fullmatch(r"[0-9]{0,19}", request.META.get("CONTENT_LENGTH") or ""):
        return "Content-Length has to be a number"
    if length_of(request) and request.method in WITHOUT_BODY:
        return f"{request.method} takes no body"
    return None


def _files_at(request: HttpRequest) -> Files | None:
    """What the view at this address takes."""
    try:
        return getattr(resolve(request.path_info).func, "takes_files", None)
    except Http404:
        return None
