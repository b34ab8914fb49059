"""One row of every model that belongs to projects."""

from django.apps import apps
from django.db.models import Model

from annotations.models import EntryCode, StudyText, Verification
from annotations.services.problems import report_problem
from daamweb.projects.models import Erasure, Project
from daamweb.projects.roles import project_paths
from evaluation.models import Export, Report
from generation.models import Import, Parse
from tests.factories import (
    answer_next,
    make_annotator,
    make_open_study,
    make_participation,
    make_prompt_set,
    make_run,
    make_user,
)


def models_of_projects() -> list[type[Model]]:
    return [model for model in apps.get_models() if project_paths(model)]


def make_rows(project: Project) -> dict[type[Model], Model]:
    """All in the project: of each model one."""
    study = make_open_study(run=make_run(make_prompt_set(project=project)))
    annotator = make_annotator(project)
    response = answer_next(study, annotator, {"choice": 3})
    prompt = study.run.prompt_set.prompts.get()
    prompt_set = study.run.prompt_set
    rows = [
        project,
        study.run.prompt_set,
        prompt,
        prompt.words.first(),
        study.run,
        study.run.generations.get(),
        study,
        annotator,
        make_participation(study, annotator),
        response,
        report_problem(
            participation=make_participation(study, annotator), assignment=response.assignment, kind="other"
        ),
        Parse.objects.create(prompt_set=prompt_set),
        Import.objects.create(
            project=project, prompt_set=prompt_set, name="a file", file_name="a", format="csv"
        ),
        EntryCode.objects.create(study=study, label="P01", code_sha256=study.slug),
        StudyText.objects.create(study=study, language="ar"),
        study.openings.get(),
        Verification.objects.create(study=study),
        Report.objects.create(study=study, analysis="opinion"),
        Export.objects.create(study=study, asked_by=make_user()),
        Erasure.objects.create(
            project=project, subject_type="annotations.study", subject_id=study.pk, subject_name=str(study)
        ),
    ]
    return {type(row): row for row in rows}
