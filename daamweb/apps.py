from django.contrib.admin.apps import AdminConfig
from django.core.checks import register

from daamweb.checks import check_files


class SiteConfig(AdminConfig):
    default_site = "daamweb.site.Site"

    def ready(self) -> None:
        super().ready()
        register(check_files)
