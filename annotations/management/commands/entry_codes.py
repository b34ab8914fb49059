from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from annotations.errors import EntryCodeError
from annotations.models import Study
from annotations.services.entry_codes import (
    make_entry_codes,
    replace_entry_code,
    revoke_entry_code,
    write_codes,
)
from daamweb.projects.commands import add_project_argument, find_named


class Command(BaseCommand):
    help = "Make entry codes of a study, and print them as CSV: the only time that they are shown."

    def add_arguments(self, parser):
        parser.add_argument("study", metavar="STUDY")
        parser.add_argument("--count", type=int, metavar="N", help="how many; called P01, P02, …")
        parser.add_argument("--labels", metavar="FILE", help="or what they are called, one a line")
        parser.add_argument("--replace", metavar="LABEL", help="make another code for whose code was lost")
        parser.add_argument("--revoke", metavar="LABEL", help="let nobody in by this code any more")
        add_project_argument(parser)

    def handle(self, *, study: str, count: int | None, labels: str | None, **options):
        replace, revoke = options["replace"], options["revoke"]
        found = find_named(
            Study.objects.select_related("project"), study, project=options["project"], to_change=True
        )
        if [count is not None or labels is not None, bool(replace), bool(revoke)].count(True) != 1:
            raise CommandError(
                "Say how many codes you want (--count, --labels), or which one to --replace or to --revoke."
            )
        try:
            if replace:
                write_codes([replace_entry_code(study=found, label=replace)], self.stdout)
                return
            if revoke:
                revoke_entry_code(study=found, label=revoke)
                self.stdout.write(self.style.SUCCESS(f"The code {revoke!r} lets nobody in any more."))
                return
            named = _labels_in(labels) if labels is not None else []
            made = make_entry_codes(study=found, count=len(named) if count is None else count, labels=named)
        except EntryCodeError as error:
            raise CommandError(str(error)) from error
        write_codes(made, self.stdout)


def _labels_in(file: str) -> list[str]:
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}.") from error
    found = [line.strip() for line in lines if line.strip()]
    if not found:
        raise CommandError(f"{file} has no labels; write one a line.")
    return found
