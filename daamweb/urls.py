"""Every address of the site. The web process never imports torch: see tests/test_architecture.py."""

from django.contrib import admin
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "daamweb"
admin.site.index_title = "The researcher's desk"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("generation/", include("generation.urls")),
    path("evaluation/", include("evaluation.urls")),
    path("", include("annotations.urls")),
]
