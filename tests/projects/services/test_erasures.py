"""Asked for by an owner, carried out by a worker that may be killed, written down."""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from annotations.models import Study
from annotations.services.closings import close_study
from daamweb.projects import jobs
from daamweb.projects.errors import ProjectError
from daamweb.projects.holdings import HOLDINGS
from daamweb.projects.models import Erasure, Event, Membership, Project
from daamweb.projects.services import erasures
from daamweb.projects.services.erasures import request_erasure, run_erasure
from daamweb.projects.services.projects import archive_project, restore_project
from daamweb.work.slices import unwatched
from generation.services.import_requests import request_import
from tests.annotations.services.rows import claim, submit
from tests.factories import (
    main_project,
    make_cohyponym_prompt_set,
    make_member,
    make_open_study,
    make_participation,
    make_project,
    make_prompt_set,
    make_run,
    make_study,
)
from tests.work.rows import same_row

pytestmark = pytest.mark.django_db


def full_project(name: str | None = None) -> Project:
    """With a closed and a draft study in several languages, people and answers, and images with files."""
    project = make_project(name)
    run = make_run(make_cohyponym_prompt_set())
    for row in (run.prompt_set, run):
        row.project = project
        row.save()
    study = make_open_study("object_presence", run, languages=("de",))
    submit(claim(make_participation(study)))
    close_study(study=study)
    make_study("object_presence", run, languages=("de", "es"))
    return project


def archived(project: Project) -> Project:
    archive_project(project=project, by=None)
    return project


def files() -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def rows() -> dict[str, int]:
    labels = ("annotations", "evaluation", "generation")
    models = [model for app in labels for model in apps.get_app_config(app).get_models()]
    return {model._meta.label: model._base_manager.count() for model in models}


def test_nothing_of_an_erased_project_is_left_but_what_was_done_in_it():
    make_prompt_set()
    kept = make_run()
    before_files, before_rows = files(), rows()
    project, owner = full_project("A lab"), make_member("owner")
    alone = make_member("researcher", project)
    checkpoints = set(project.runs.values_list("checkpoint", flat=True))
    erasure = request_erasure(subject=archived(project), typed_name="A lab", by=owner)
    assert run_erasure(erasure=erasure)
    assert not Project.objects.filter(pk=project.pk).exists()
    assert files() == before_files
    # The site's checkpoints stay.
    before_rows["generation.Checkpoint"] += len(checkpoints)
    assert rows() == before_rows
    assert kept.generations.exists()
    event = Event.objects.filter(action=Event.Action.ERASED).get(subject_type="projects.project")
    assert (event.project, event.project_name, event.actor) == (None, "A lab", owner)
    assert Event.objects.filter(project_name="A lab", action=Event.Action.ARCHIVED).exists()
    alone.refresh_from_db()
    assert not alone.is_staff
    owner.refresh_from_db()
    assert owner.is_staff  # of another project


@pytest.mark.parametrize("typed", ["", "a lab", "A lab.", "B"])
def test_the_name_has_to_be_typed_as_it_is(typed):
    project = archived(full_project("A lab"))
    with pytest.raises(ProjectError, match="type its name as it is: A lab"):
        request_erasure(subject=project, typed_name=typed, by=None)
    assert not Erasure.objects.exists()


def test_a_project_is_archived_before_it_is_erased_and_not_restored_then():
    project = full_project("A lab")
    with pytest.raises(ProjectError, match="has to be archived"):
        request_erasure(subject=project, typed_name="A lab", by=None)
    request_erasure(subject=archived(project), typed_name="A lab", by=None)
    with pytest.raises(ProjectError, match="is being erased"):
        restore_project(project=project, by=None)


def test_a_project_in_which_a_study_runs_is_not_archived():
    study = make_open_study()
    with pytest.raises(ProjectError, match=rf"cannot be archived while “{study}” runs. Close it"):
        archive_project(project=study.project, by=None)


def test_asked_for_twice_it_is_one_erasure():
    project = archived(full_project("A lab"))
    first = request_erasure(subject=project, typed_name="A lab", by=None)
    assert request_erasure(subject=project, typed_name="A lab", by=None) == first


def test_a_closed_study_is_erased_alone():
    project = full_project("A lab")
    study = project.studies.get(state=Study.State.CLOSED)
    owner = make_member("owner", project)
    erasure = request_erasure(subject=study, typed_name=study.name, by=owner)
    assert Study.objects.get(pk=study.pk).state == Study.State.ERASING
    assert run_erasure(erasure=erasure)
    assert same_row(erasure).state == Erasure.State.DONE
    assert not Study.objects.filter(pk=study.pk).exists()
    assert project.runs.get().generations.exists()
    event = Event.objects.get(action=Event.Action.ERASED)
    assert (event.subject_type, event.subject_id, event.subject_name, event.actor) == (
        "annotations.study",
        study.pk,
        study.name,
        owner,
    )


def test_imports_are_erased_with_their_project_only():
    row = request_import(project=main_project(), name="set", content=None, file_name="a.txt")
    with pytest.raises(ProjectError, match="erased with their project only"):
        request_erasure(subject=row, typed_name=str(row), by=None)


def test_an_erasure_that_failed_says_why_and_is_tried_again(monkeypatch):
    project = archived(full_project("A lab"))
    erasure = request_erasure(subject=project, typed_name="A lab", by=None)

    def broken(row, gone):
        raise OSError("the disk is away")

    whole = list(HOLDINGS)
    broken_one = [erasures.HOLDINGS[0].__class__(each.label, each.model, erase=broken) for each in whole]
    monkeypatch.setattr(erasures, "HOLDINGS", broken_one)
    assert not run_erasure(erasure=erasure)
    assert same_row(erasure).error == "OSError: the disk is away"
    monkeypatch.setattr(erasures, "HOLDINGS", whole)
    again = request_erasure(subject=project, typed_name="A lab", by=None)
    assert again == erasure
    assert run_erasure(erasure=again)
    assert not Project.objects.filter(pk=project.pk).exists()


def test_an_erasure_that_went_to_another_worker_stops():
    project = archived(full_project("A lab"))
    erasure = request_erasure(subject=project, typed_name="A lab", by=None)
    assert erasure.take()
    other = same_row(erasure)
    Erasure.objects.filter(pk=erasure.pk).update(lease_expires_at="2020-01-01T00:00Z")
    assert other.take()
    with pytest.raises(erasures._LeaseLost):
        erasures._erase(erasure, unwatched)
    assert Project.objects.filter(pk=project.pk).exists()
    assert Membership.objects.filter(project=project).count() == 0


def test_the_job_does_nothing_for_an_erasure_that_is_gone(pokes):
    jobs.run_erasure(99)
    assert pokes == []


def test_asking_pokes_a_worker(pokes, django_capture_on_commit_callbacks):
    project = archived(full_project("A lab"))
    with django_capture_on_commit_callbacks(execute=True):
        erasure = jobs.start_erasure(subject=project, typed_name="A lab", by=None)
    assert pokes == [("daamweb.projects.jobs.run_erasure", (erasure.pk,))]
    jobs.run_erasure(erasure.pk)
    assert not Project.objects.filter(pk=project.pk).exists()


def test_what_an_erasure_of_its_own_took_meanwhile_stops_nothing(monkeypatch):
    project = archived(full_project())
    holding = next(each for each in HOLDINGS if each.model is Study)

    rows = type(holding).rows

    def rows_of(self, project):
        found = list(rows(self, project).values_list("pk", flat=True))
        if self is holding:  # one that is gone by the time that its turn comes
            found.append(10**6)
        return Listed(found)

    monkeypatch.setattr(type(holding), "rows", rows_of)
    erasure = request_erasure(subject=project, typed_name=str(project), by=None)
    assert run_erasure(erasure=erasure)
    assert not Project.objects.filter(pk=project.pk).exists()


class Listed(list):
    """Keys of rows, where a query is expected."""

    def order_by(self, *_):
        return self

    def values_list(self, *_, **__):
        return self
