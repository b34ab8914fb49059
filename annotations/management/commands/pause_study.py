from django.core.management.base import BaseCommand, CommandError

from annotations.errors import StudyError
from annotations.models import Study
from annotations.services.closings import pause_study


class Command(BaseCommand):
    help = "Pause a study: no new places are given out; answers under way are taken. open_study resumes it."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")

    def handle(self, *, name: str, **options):
        study = Study.objects.filter(name=name).first()
        if study is None:
            raise CommandError(f"There is no study named {name!r}.")
        try:
            pause_study(study=study)
        except StudyError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"{name!r} is paused."))
