"""Addresses that go wrong."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("This page is broken.")


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse('<form method="post"></form>')  # without its token


urlpatterns = [path("broken/", broken), path("form/", form)]
