"""Somebody who tries to log in."""

from django.http import HttpResponse
from django.test import Client

LOGIN = "/admin/login/"
HERE, THERE = "198.51.100.7", "203.0.113.9"


def try_login(
    username: str, password: str, where: str = HERE, client: Client | None = None, **fields
) -> HttpResponse:
    """With a browser of their own if none is given."""
    client = client or Client()
    return client.post(LOGIN, {"username": username, "password": password, **fields}, REMOTE_ADDR=where)


def is_in(answer: HttpResponse) -> bool:
    return answer.status_code == 302


def is_put_off(answer: HttpResponse) -> bool:
    return answer.status_code == 429
