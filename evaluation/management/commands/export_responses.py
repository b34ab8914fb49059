from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from annotations.errors import UnknownKindError
from annotations.models import Study
from daamweb.progress import progress_bar
from daamweb.projects.commands import add_project_argument, find_named
from evaluation.exports import write_codebook
from evaluation.frames.columns import columns_of
from evaluation.services.exports import save_responses


class Command(BaseCommand):
    help = "Write a study's responses as CSV, one row per response; and on request what its columns mean."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        add_project_argument(parser)
        parser.add_argument("--output", required=True, type=Path, metavar="FILE.csv")
        parser.add_argument(
            "--codebook", type=Path, metavar="FILE.csv", help="also write what every column means"
        )

    def handle(self, *, name: str, project: str | None, output: Path, codebook: Path | None, **options):
        study = find_named(Study.objects.all(), name, project=project)
        if codebook is not None and codebook.resolve() == output.resolve():
            raise CommandError(f"--output and --codebook are the same file, {output}; give each its own.")
        try:
            columns = columns_of(study)
        except UnknownKindError as error:
            raise CommandError(str(error)) from error
        try:
            with progress_bar(total=0, unit="responses") as bar:

                def tell(done: int, total: int) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                written = save_responses(study=study, path=output, by=None, tell=tell)
            if codebook is not None:
                write_codebook(columns, codebook)
        except OSError as error:
            raise CommandError(f"The file cannot be written: {error}.") from error
        self.stdout.write(self.style.SUCCESS(f"{written} responses in {output}."))
