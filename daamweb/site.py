"""The researchers' desk: Django's admin, as this site has it."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver


class Site(admin.AdminSite):
    site_header = site_title = "daamweb"
    index_title = "The researcher's desk"

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Without the short cut to any row's own page, which would lead anybody to any study's link."""
        urls: list[URLPattern | URLResolver] = super().get_urls()
        return [url for url in urls if getattr(url, "name", None) != "view_on_site"]
