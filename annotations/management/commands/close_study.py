from django.core.management.base import BaseCommand, CommandError

from annotations.errors import StudyError
from annotations.jobs import close_here
from annotations.models import Study
from annotations.services.closings import closing_outlook
from daamweb.projects.commands import add_project_argument, find_named


class Command(BaseCommand):
    help = (
        "Close a study for good: nothing new is given out; who is at a task may finish it until its time "
        "is over, then no more answers are taken, and it does not open again."
    )

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        add_project_argument(parser)
        parser.add_argument(
            "--complete", action="store_true", help="only if every place has an answer that counts"
        )
        parser.add_argument(
            "--at-once", action="store_true", help="take what is being rated back instead of waiting for it"
        )

    def handle(self, *, name: str, complete: bool, at_once: bool, project: str | None, **options):
        study = find_named(Study.objects.select_related("plan"), name, project=project, to_change=True)
        try:
            close_here(study=study, complete=complete, at_once=at_once)
        except StudyError as error:
            raise CommandError(str(error)) from error
        outlook = closing_outlook(study)
        self.stdout.write(
            f"{outlook.unanswered} of {outlook.places} places have no answer that counts; the report can say "
            f"something of {outlook.reportable} of {outlook.tasks} tasks (those with at least "
            f"{outlook.needed})."
        )
        if study.state == Study.State.CLOSING:
            self.stdout.write(
                self.style.WARNING(
                    f"{name!r} is closing: {outlook.at_work} at a task may finish, by "
                    f"{study.closes_at:%Y-%m-%d %H:%M} UTC at the latest."
                )
            )
            return
        self.stdout.write(self.style.SUCCESS(f"{name!r} is closed."))
