"""The researchers' desk: Django's admin, as this site has it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver

from daamweb.account.forms import LoginForm
from daamweb.door.browsers import remember_browser
from daamweb.projects.lost import keeps_what_was_typed


class Site(admin.AdminSite):
    site_header = site_title = "daamweb"
    index_title = "The researcher's desk"
    login_form = LoginForm
    login_template = "account/login.html"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Who is no researcher any more while a form is open loses nothing that was typed into it. Whoever is
        logged in may log out, researcher or not."""
        if view == self.logout:
            return view
        return keeps_what_was_typed(super().admin_view(view, cacheable))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Without the short cut to any row's own page, which would lead anybody to any study's link."""
        urls: list[URLPattern | URLResolver] = super().get_urls()
        return [url for url in urls if getattr(url, "name", None) != "view_on_site"]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().login(request, extra_context)
        if request.method == "POST" and response.status_code == 302:
            remember_browser(response, request.user.get_username())
        return response

    def password_change(  # type: ignore[override]  # a redirect, and no page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One page for it, where wrong guesses count."""
        return redirect("account:password")
