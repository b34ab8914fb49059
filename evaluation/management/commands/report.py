from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from annotations.models import Study
from daamweb.progress import progress_bar
from evaluation.errors import NeverOpenedError
from evaluation.reports import write_report


class Command(BaseCommand):
    help = (
        "Write a study's report into a folder: tables as CSV, figures as SVG, PDF and PNG, the responses "
        "with their codebook, the plan."
    )

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--output", required=True, type=Path, metavar="FOLDER")

    def handle(self, *, name: str, output: Path, **options):
        study = Study.objects.select_related("run__checkpoint", "plan").filter(name=name).first()
        if study is None:
            raise CommandError(f"There is no study named {name!r}.")
        try:
            with progress_bar(total=0, unit="files") as bar:

                def show(done: int, total: int) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                written = write_report(study, output, show)
        except OSError as error:
            raise CommandError(f"The report cannot be written: {error}.") from error
        except NeverOpenedError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"{len(written)} files in {output}."))
