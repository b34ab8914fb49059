from django.core.management.base import BaseCommand, CommandError

from annotations.errors import StudyError
from annotations.models import Study
from annotations.services.closings import pause_study
from daamweb.projects.commands import add_project_argument, find_named


class Command(BaseCommand):
    help = "Pause a study: no new places are given out; answers under way are taken. open_study resumes it."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        add_project_argument(parser)

    def handle(self, *, name: str, project: str | None, **options):
        study = find_named(Study.objects.all(), name, project=project, to_change=True)
        try:
            pause_study(study=study)
        except StudyError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"{name!r} is paused."))
