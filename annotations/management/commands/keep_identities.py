from django.core.management.base import BaseCommand, CommandError

from annotations.models import Study
from annotations.models.study_rules import LONGEST_RETENTION_DAYS
from annotations.services.identities import set_retention
from daamweb.projects.commands import add_project_argument, find_named


class Command(BaseCommand):
    help = "Say how many days after a study closed it is known who took part."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        days = parser.add_mutually_exclusive_group(required=True)
        days.add_argument("--days", type=int, metavar="N", help="then it is forgotten; answers stay")
        days.add_argument("--for-good", action="store_true", help="until somebody erases it")
        add_project_argument(parser)

    def handle(self, *, name: str, days: int | None, project: str | None, **options):
        if days is not None and not 0 <= days <= LONGEST_RETENTION_DAYS:
            raise CommandError(f"--days is from 0 to {LONGEST_RETENTION_DAYS}; it is {days}.")
        study = find_named(Study.objects.select_related("project"), name, project=project, to_change=True)
        set_retention(study=study, days=days, by=None)
        kept = "until somebody erases it" if days is None else f"for {days} days after it closed"
        self.stdout.write(self.style.SUCCESS(f"Who took part in {name!r} is known {kept}."))
