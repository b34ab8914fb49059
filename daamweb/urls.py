"""Every address of the site. The web process never imports torch: see tests/test_architecture.py."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("projects/", include("daamweb.projects.urls")),
    path("work/", include("daamweb.waiting.urls")),
    path("account/", include("daamweb.account.urls")),
    path("generation/", include("generation.urls")),
    path("evaluation/", include("evaluation.urls")),
    path("", include("annotations.urls")),
]
