from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from annotations.models import Study
from daamweb.projects.commands import add_project_argument, find_named
from evaluation.analyses.registry import AnalysisError, get_analysis
from evaluation.management.writing import write_with_bars
from evaluation.reports.needs import Subject
from generation.models import GenerationRun


class Command(BaseCommand):
    help = (
        "Analyse a study or a run and write tables as CSV and figures as SVG, PDF and PNG into a folder. An "
        "analysis that reads answers needs --study; one that reads images alone needs --run."
    )

    def add_arguments(self, parser):
        parser.add_argument("analysis", metavar="ANALYSIS")
        parser.add_argument("--study", metavar="NAME")
        parser.add_argument("--run", metavar="NAME", help="with --study: has to be the study's own run")
        add_project_argument(parser)
        parser.add_argument("--output", required=True, type=Path, metavar="FOLDER")

    def handle(
        self,
        *,
        analysis: str,
        study: str | None,
        run: str | None,
        project: str | None,
        output: Path,
        **options,
    ):
        try:
            found = get_analysis(analysis)
        except AnalysisError as error:
            raise CommandError(str(error)) from error
        written = write_with_bars(self.subject(study, run, project), found, output)
        self.stdout.write(self.style.SUCCESS(f"{written} files in {output}."))

    def subject(self, study_name: str | None, run_name: str | None, project: str | None) -> Subject:
        runs = GenerationRun.objects.all()
        run = None if run_name is None else find_named(runs, run_name, project=project)
        if study_name is None:
            if run is None:
                raise CommandError("Say what to analyse: --study NAME or --run NAME.")
            return run
        studies = Study.objects.select_related("run", "plan")
        study = find_named(studies, study_name, project=project)
        if run is not None and study.run_id != run.pk:
            raise CommandError(
                f"{study_name!r} shows the images of {study.run.name!r}, not of {run_name!r}. Leave "
                "--run out."
            )
        return study
