"""Requests as views get them."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class HtmxRequest(HttpRequest):
    """As django_htmx makes them."""

    htmx: HtmxDetails


def current_user(request: HttpRequest) -> User:
    """Who is logged in. Raises PermissionDenied for anybody else."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


class UserRequest(HttpRequest):
    """Of somebody who is logged in."""

    user: User
