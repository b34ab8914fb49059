from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.errors import UnknownKindError
from annotations.models import Study
from daamweb.progress import progress_bar
from daamweb.projects.commands import add_project_argument, find_named
from evaluation.exports import UTF_8, UTF_8_WITH_MARK, write_codebook
from evaluation.frames import participations as people
from evaluation.frames.columns import columns_of
from evaluation.frames.responses import LAST, REVISIONS
from evaluation.services.exports import save_responses

# Options that name a file.
FILES = ("output", "codebook", "participations", "participations_codebook")


class Command(BaseCommand):
    help = (
        "Write a study's responses as CSV, one row per response; and on request its participations, and what "
        "the columns of both mean."
    )

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        add_project_argument(parser)
        parser.add_argument("--output", required=True, type=Path, metavar="FILE.csv")
        parser.add_argument(
            "--codebook", type=Path, metavar="FILE.csv", help="also write what every column means"
        )
        parser.add_argument(
            "--revisions",
            choices=REVISIONS,
            default=LAST,
            help="last (default): one row for each answer, as it was corrected last; all: one for each "
            "correction, too, with its own times",
        )
        parser.add_argument(
            "--participations",
            type=Path,
            metavar="FILE.csv",
            help="also write one row for each person, of the same moment",
        )
        parser.add_argument(
            "--participations-codebook",
            type=Path,
            metavar="FILE.csv",
            help="also write what the columns of that file mean",
        )
        parser.add_argument(
            "--bom", action="store_true", help="begin files with a byte order mark, for spreadsheets"
        )

    def handle(self, *, name: str, project: str | None, revisions: str, bom: bool, **options: Any):
        study = find_named(Study.objects.all(), name, project=project)
        files: dict[str, Path | None] = {option: options[option] for option in FILES}
        _check_apart(files)
        output, encoding = options["output"], UTF_8_WITH_MARK if bom else UTF_8
        try:
            columns = columns_of(study)
        except UnknownKindError as error:
            raise CommandError(str(error)) from error
        try:
            with progress_bar(total=0, unit="responses") as bar:

                def tell(done: int, total: int) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                written = save_responses(
                    study=study, path=output, by=None, tell=tell, revisions=revisions,
                    participations=files["participations"], encoding=encoding,
                )  # fmt: skip
            codebooks = {"codebook": columns, "participations_codebook": people.COLUMNS}
            for option, explained in codebooks.items():
                if (path := files[option]) is not None:
                    write_codebook(explained, path, encoding=encoding)
        except OSError as error:
            raise CommandError(f"The file cannot be written: {error}.") from error
        self.stdout.write(self.style.SUCCESS(f"{written} responses in {output}."))


def _check_apart(files: dict[str, Path | None]) -> None:
    """Raises CommandError where two options name one file."""
    named: dict[Path, str] = {}
    for name, path in files.items():
        if path is None:
            continue
        option = f"--{name.replace('_', '-')}"
        if (other := named.setdefault(path.resolve(), option)) != option:
            raise CommandError(f"{other} and {option} are the same file, {path}; give each its own.")
