from django.core.management.base import BaseCommand, CommandError

from annotations.errors import StudyError
from annotations.jobs import stop_here
from annotations.models import Study
from annotations.services.closings import pause_study
from daamweb.projects.commands import add_project_argument, find_named


class Command(BaseCommand):
    help = (
        "Pause a study: nobody new is let in, and those who began may finish. open_study resumes it. Whether "
        "it is paused already or not, --stop-everybody gives those inside nothing more, either."
    )

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        add_project_argument(parser)
        parser.add_argument(
            "--stop-everybody",
            action="store_true",
            help="give those inside nothing more, which counts as interrupting them",
        )

    def handle(self, *, name: str, project: str | None, stop_everybody: bool, **options):
        study = find_named(Study.objects.all(), name, project=project, to_change=True)
        try:
            stop_here(study=study) if stop_everybody else pause_study(study=study)
        except StudyError as error:
            raise CommandError(str(error)) from error
        done = "is paused, and everybody is stopped" if stop_everybody else "is paused"
        self.stdout.write(self.style.SUCCESS(f"{name!r} {done}."))
