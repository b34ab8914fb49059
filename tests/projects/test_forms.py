"""Forms offer what is in projects where the user may make something, and take nothing else."""

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from annotations.forms import BuildStudyForm
from daamweb.projects.forms import InvitationForm, NameForm, RoleForm
from daamweb.projects.models import Project, Role
from daamweb.projects.services.memberships import add_member
from generation.forms import BuildCohyponymsForm, BuildWordsForm, ImportPromptsForm, StartRunForm
from generation.models import Checkpoint, PromptSet
from tests.factories import (
    main_project,
    make_member,
    make_project,
    make_prompt_set,
    make_run,
    make_user,
    typed_access,
)

pytestmark = pytest.mark.django_db

NOT_OFFERED = "Select a valid choice. That choice is not one of the available choices."


def archive(*projects: Project) -> None:
    Project.objects.filter(pk__in=[each.pk for each in projects]).update(archived_at=timezone.now())


def pairs(user: User, **data) -> BuildCohyponymsForm:
    data = {"name": "pairs", "count": 1, "cohyponym_share": 0, "seed": 0, **data}
    return BuildCohyponymsForm(data, user=user)


def words(user: User, source: PromptSet) -> BuildWordsForm:
    data = {"name": "w", "source": source.pk, "per_part_of_speech": 1, "common": 1, "seed": 0}
    return BuildWordsForm(data, user=user)


def run_form(user: User, prompt_set: PromptSet) -> StartRunForm:
    checkpoint, _ = Checkpoint.objects.get_or_create(name="sd", source="owner/name")
    return StartRunForm(
        {
            "name": "run", "prompt_set": prompt_set.pk, "checkpoint": checkpoint.pk, "seeds": "0",
            "num_inference_steps": 1, "guidance_scale": 1, "scheduler": "ddim", "batch_size": 1,
        },
        user=user,
    )  # fmt: skip


# --- the project -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [ImportPromptsForm, BuildCohyponymsForm])
def test_who_works_in_one_project_is_not_asked_for_it(form):
    user = make_member(Role.RESEARCHER)
    make_project("Somebody else’s")
    watched = make_project("Watched")
    add_member(project=watched, user=user, role=Role.OBSERVER, by=None)
    assert "project" not in form(user=user).fields


def test_the_project_that_is_not_asked_for_is_the_users_own():
    user, _ = make_member(Role.RESEARCHER), make_project()
    form = pairs(user)
    assert form.is_valid()
    assert form.cleaned_data["project"] == main_project()


def test_a_project_that_is_sent_all_the_same_is_not_taken():
    user, other = make_member(Role.RESEARCHER), make_project()
    form = pairs(user, project=other.pk)
    assert form.is_valid()
    assert form.cleaned_data["project"] == main_project()


def test_who_works_in_several_chooses_first_of_all():
    user, other = make_member(Role.RESEARCHER), make_project("Other")
    unseen, archived = make_project("Unseen"), make_project("Archived")
    for project in (other, archived):
        add_member(project=project, user=user, role=Role.OWNER, by=None)
    archive(archived)
    form = pairs(user, project=other.pk)
    assert next(iter(form.fields)) == "project"
    assert set(form.fields["project"].queryset) == {main_project(), other}
    assert form.is_valid()
    assert form.cleaned_data["project"] == other
    for wrong in (unseen.pk, archived.pk, 999, "nonsense"):
        assert pairs(user, project=wrong).errors["project"] == [NOT_OFFERED], wrong
    assert "project" in pairs(user).errors


def test_on_a_new_site_a_superuser_makes_the_first_project_by_making_something():
    chief = make_user(is_superuser=True)
    form = pairs(chief)
    assert form.is_valid()
    assert form.cleaned_data["project"] == Project.objects.get(name="Main")
    archive(main_project())
    form = pairs(chief)
    assert form.errors["__all__"] == ["Every project is archived. Restore one, or make another."]
    assert Project.objects.count() == 1


def test_asking_for_the_form_makes_no_project():
    chief = make_user(is_superuser=True)
    assert BuildCohyponymsForm(user=chief).fields
    assert not Project.objects.exists()


def test_a_file_is_imported_into_the_project_that_was_chosen():
    user, other = make_member(Role.RESEARCHER), make_project()
    add_member(project=other, user=user, role=Role.RESEARCHER, by=None)
    files = {"file": SimpleUploadedFile("a.txt", b"a cat")}
    form = ImportPromptsForm({"name": "set", "format": "auto", "project": other.pk}, files, user=user)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["project"] == other
    files = {"file": SimpleUploadedFile("a.txt", b"a cat")}
    form = ImportPromptsForm({"name": "set", "format": "auto", "project": 999}, files, user=user)
    assert form.errors == {"project": [NOT_OFFERED]}


# --- rows of projects ------------------------------------------------------------------------------------


def test_rows_are_offered_of_projects_where_one_may_make_something():
    here, watched, unseen = main_project(), make_project(), make_project()
    user = make_member(Role.RESEARCHER)
    add_member(project=watched, user=user, role=Role.OBSERVER, by=None)
    mine, watched_set, foreign = (make_prompt_set(project=each) for each in (here, watched, unseen))
    for form, field in ((words, "source"), (run_form, "prompt_set")):
        assert list(form(user, mine).fields[field].queryset) == [mine]
        assert form(user, mine).is_valid(), form(user, mine).errors
        for other in (watched_set, foreign):
            answer = form(user, other)
            assert answer.errors == {field: [NOT_OFFERED]}
            assert other.name not in answer.as_p()
    archive(here)
    assert run_form(user, mine).errors == {"prompt_set": [NOT_OFFERED]}


def test_a_study_is_built_of_runs_of_ones_own_projects():
    user = make_member(Role.RESEARCHER)
    mine, foreign = make_run(), make_run(make_prompt_set(project=make_project()))
    data = {
        "name": "likert", "replicas": 3, "check_every": 10, "lease_minutes": 30, "seed": 0, "run": mine.pk,
        "display": "veil",
        **typed_access(),
    }  # fmt: skip
    assert BuildStudyForm(data, kind="attribution", user=user).is_valid()
    form = BuildStudyForm(data | {"run": foreign.pk}, kind="attribution", user=user)
    assert form.errors == {"run": [NOT_OFFERED]}
    assert list(form.fields["run"].queryset) == [mine]


def test_what_is_the_sites_is_offered_to_every_member():
    user, mine = make_member(Role.RESEARCHER), make_prompt_set()
    form = run_form(user, mine)
    assert list(form.fields["checkpoint"].queryset) == list(Checkpoint.objects.all())


def test_superusers_choose_from_everything_that_is_not_archived():
    chief = make_user(is_superuser=True)
    sets = [make_prompt_set(project=make_project()) for _ in range(3)]
    archive(sets[2].project)
    assert set(words(chief, sets[0]).fields["source"].queryset) == set(sets[:2])


# --- names, roles, invitations ---------------------------------------------------------------------------


def test_a_role_is_one_of_three():
    assert RoleForm({"role": "observer"}).is_valid()
    for wrong in ("", "chief", "superuser"):
        assert "role" in RoleForm({"role": wrong}).errors


def test_names_and_notes_are_not_longer_than_they_may_be():
    assert NameForm({"name": "x" * 100}).is_valid()
    assert "name" in NameForm({"name": "x" * 101}).errors
    assert InvitationForm({"role": "owner", "note": "x" * 100}).is_valid()
    assert "note" in InvitationForm({"role": "owner", "note": "x" * 101}).errors
    assert next(iter(InvitationForm().fields)) == "note"
