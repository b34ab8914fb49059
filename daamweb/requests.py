"""Requests as views get them."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class HtmxRequest(HttpRequest):
    """As django_htmx makes them."""

    htmx: HtmxDetails
