from django.core.management.base import BaseCommand, CommandError

from annotations.errors import StudyError
from annotations.models import Study
from annotations.services.openings import open_study
from daamweb.progress import progress_bar
from daamweb.projects.commands import add_project_argument, find_named


class Command(BaseCommand):
    help = "Freeze a draft's plan and let annotators in, or let them in again after a pause."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        add_project_argument(parser)

    def handle(self, *, name: str, project: str | None, **options):
        study = find_named(Study.objects.all(), name, project=project, to_change=True)
        with progress_bar(total=2 * study.tasks.count(), unit="tasks verified and given places") as bar:
            try:
                open_study(study=study, progress=lambda done, total: bar.update(done - bar.n))
            except StudyError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"{name!r} is open at {study.get_absolute_url()} on your site."))
        self.stdout.write(f"The hash of its plan is {study.frozen_plan.sha256}.")
