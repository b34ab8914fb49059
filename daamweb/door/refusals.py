"""Pages for requests that are turned away. They look at nothing that was sent: Django's own pages of errors
look for the token against forgery in it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def malformed(request: HttpRequest, reason: str) -> HttpResponse:
    page = render(request, "400.html", status=400)
    page.reason_phrase = reason  # stands in the log, too
    return page


def too_large(request: HttpRequest, most: int, offered: int | None = None) -> HttpResponse:
    """More than `most` bytes; `offered`: how many are taken at this address from others."""
    context = {"most": in_words(most), "offered": in_words(offered) if offered is not None else None}
    return render(request, "413.html", context, status=413)


def only_a_button(request: HttpRequest) -> HttpResponse:
    return render(request, "405.html", status=405)


def in_words(size: int) -> str:
    mib = 1024 * 1024
    return f"{size // mib} MiB" if size >= mib else f"{size // 1024} KiB"
