"""One request by somebody: what came of it, what it shows, and what it wrote."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from tests.permissions.markers import APPS, MARKERS

LOGIN = "a redirect to the login"  # or, of a form's text, the way to it
DESK = "a redirect to the admin's first page"
ELSEWHERE = "a redirect"
WRITING = tuple(
    f'{verb} "{label}_' for verb in ("INSERT INTO", "UPDATE", "DELETE FROM") for label in (*APPS, "auth")
)


@dataclass(frozen=True)
class Visit:
    """outcome: a status, or where it leads. shown: body, headers and messages, in lower case. wrote: the
    statements that changed rows of projects or users."""

    outcome: int | str
    shown: str
    wrote: list[str]
    answer: HttpResponse

    @property
    def is_page(self) -> bool:
        return self.answer.headers.get("Content-Type", "").startswith("text/html")


@contextmanager
def taken_back(browser: Client) -> Iterator[None]:
    """What is done inside leaves neither rows nor cookies."""
    cookies = browser.cookies.copy()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    browser.cookies = cookies


def visit(browser: Client, method: str, address: str, data: Mapping[str, Any] | None = None) -> Visit:
    """To be taken back by who asks."""
    wrote: list[str] = []

    def note(execute, sql, params, many, context):
        if sql.startswith(WRITING) and not sql.startswith('UPDATE "auth_user" SET "last_login"'):
            wrote.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        answer = getattr(browser, method)(address, data)
        body = answer.getvalue() if answer.streaming else answer.content
    shown = [body.decode(errors="replace"), *(f"{name}: {value}" for name, value in answer.headers.items())]
    shown += [str(message) for message in _queued(answer)]
    return Visit(_outcome(answer), "\n".join(shown).lower(), wrote, answer)


def _queued(answer: HttpResponse) -> list[Any]:
    """Messages for the next page; in their cookie nobody could read them."""
    request = answer.wsgi_request
    return list(get_messages(request)._queued_messages) if hasattr(request, "_messages") else []


def _outcome(answer: HttpResponse) -> int | str:
    if answer.status_code == 403 and "Your session has ended." in answer.text:
        return LOGIN
    if answer.status_code not in (301, 302):
        return answer.status_code
    leads = answer.headers["Location"]
    if leads.startswith("/admin/login/"):
        return LOGIN
    return DESK if leads == "/admin/" else ELSEWHERE


def foreign_markers(came: Visit, address: str) -> set[str]:
    """Those that are shown; what the visitor knew already, since it is in the address, tells nothing."""
    shown = came.shown
    for word in address.lower().split("/"):
        if word:
            shown = shown.replace(word, "") if any(marker in word for marker in MARKERS) else shown
    return {marker for marker in MARKERS if marker in shown}
