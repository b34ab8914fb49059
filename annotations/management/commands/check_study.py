from django.core.management.base import BaseCommand, CommandError

from annotations.models import Study
from annotations.services.integrity import check_study
from annotations.services.verifications import verify_study
from daamweb.progress import progress_bar
from daamweb.projects.commands import add_project_argument, find_named


class Command(BaseCommand):
    help = (
        "Hold a study's rows against each other, and an opened one's rows and files against its frozen "
        "plan. What is wrong is printed, listed as a deviation, and makes the command fail."
    )

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        add_project_argument(parser)

    def handle(self, *, name: str, project: str | None, **options):
        study = find_named(Study.objects.select_related("plan", "run"), name, project=project)
        if study.plan is None:
            lines = [f"{found.rule}: {found.count} rows" for found in check_study(study)]
        else:
            with progress_bar(total=2 * study.plan.tasks, unit="tasks and their files") as bar:
                found = verify_study(study, files=True, tell=lambda done: bar.update(done - bar.n))
            lines = [f"{each.what}: frozen {each.frozen}, now {each.now}" for each in found]
        if lines:
            raise CommandError("\n".join([f"{name!r} is not as it should be:", *lines]))
        self.stdout.write(self.style.SUCCESS(f"{name!r}: everything is as it should be."))
