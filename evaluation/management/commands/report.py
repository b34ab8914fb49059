from pathlib import Path

from django.core.management.base import BaseCommand

from annotations.models import Study
from daamweb.projects.commands import add_project_argument, find_named
from evaluation.analyses.registry import analyses_of_kind
from evaluation.management.writing import write_with_bars


class Command(BaseCommand):
    help = (
        "Write a study's report into a folder: tables as CSV, figures as SVG, PDF and PNG, the responses "
        "with their codebook, the plan."
    )

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        add_project_argument(parser)
        parser.add_argument("--output", required=True, type=Path, metavar="FOLDER")

    def handle(self, *, name: str, project: str | None, output: Path, **options):
        study = find_named(Study.objects.select_related("run", "plan"), name, project=project)
        written = write_with_bars(study, analyses_of_kind(study.kind)[0], output)
        self.stdout.write(self.style.SUCCESS(f"{written} files in {output}."))
