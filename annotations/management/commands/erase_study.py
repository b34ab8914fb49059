from django.core.management.base import BaseCommand, CommandError

from annotations.models import Study
from daamweb.projects.commands import add_project_argument, find_named
from daamweb.projects.errors import ProjectError
from daamweb.projects.jobs import start_erasure


class Command(BaseCommand):
    help = "Erase a draft or a closed study with everything in it, for good; a worker does it."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--yes", required=True, metavar="NAME", help="its name once more")
        add_project_argument(parser)

    def handle(self, *, name: str, yes: str, project: str | None, **options):
        study = find_named(Study.objects.select_related("project"), name, project=project)
        try:
            start_erasure(subject=study, typed_name=yes, by=None)
        except ProjectError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"A worker is erasing {name!r}."))
