import shlex
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from daamweb.progress import progress_bar
from daamweb.projects.commands import add_project_argument, project_to_work_in
from generation.errors import PromptSetError
from generation.models import PromptSet
from generation.prompts.captions import FORMATS, CaptionFileError
from generation.services.imports import import_prompts


class Command(BaseCommand):
    help = "Import captions from a file (COCO JSON, CSV, JSON Lines, text, CoNLL-U) into a new prompt set."

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--prompt-set", required=True, metavar="NAME", help="name of the new prompt set")
        parser.add_argument("--format", default="auto", choices=FORMATS)
        add_project_argument(parser)
        parser.add_argument("--dry-run", action="store_true", help="check the file, import nothing")
        parser.add_argument(
            "--skip-invalid", action="store_true", help="import the good rows although others are bad"
        )

    def handle(
        self,
        *,
        file: Path,
        prompt_set: str,
        format: str,
        project: str | None,
        dry_run: bool,
        skip_invalid: bool,
        **options,
    ):
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        bar = progress_bar(total=0, unit="captions")

        def tell(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        try:
            with bar:
                result = import_prompts(
                    project=project_to_work_in(project),
                    name=prompt_set,
                    content=content,
                    file_name=file.name,
                    format=format,
                    skip_invalid=skip_invalid,
                    dry_run=dry_run,
                    tell=tell,
                )
        except CaptionFileError as error:
            raise CommandError(f"{file}: {error}") from error
        except PromptSetError as error:
            raise CommandError(str(error)) from error
        for row_error in result.errors:
            self.stderr.write(f"row {row_error.row}: {row_error.reason}")
        bad_rows = _counted(len(result.errors), "bad row")
        summary = f"{_counted(result.captions, 'caption')} ({result.format}), {bad_rows}"
        if result.errors and not skip_invalid:
            raise CommandError(
                f"{file}: {summary}; nothing was imported. Mend the rows, or pass --skip-invalid."
            )
        if dry_run:
            self.stdout.write(f"Dry run: {summary}; nothing was imported.")
        else:
            self.stdout.write(self.style.SUCCESS(f"Imported {summary} into {prompt_set!r}."))
            if result.imported().parse_state != PromptSet.ParseState.PARSED:
                self.stdout.write(f"Next: python manage.py parse_prompts {shlex.quote(prompt_set)}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
