from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from annotations.models import Study
from evaluation.exports import write_responses


class Command(BaseCommand):
    help = "Write a study's responses as CSV, one row per response."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--output", required=True, type=Path, metavar="FILE.csv")

    def handle(self, *, name: str, output: Path, **options):
        study = Study.objects.filter(name=name).first()
        if study is None:
            raise CommandError(f"There is no study named {name!r}.")
        try:
            rows = write_responses(study, output)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
        self.stdout.write(self.style.SUCCESS(f"{rows} responses in {output}."))
