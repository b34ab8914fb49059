"""What the database refuses."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from daamweb.projects.models import Invitation, Project, Role
from tests.factories import make_annotator, make_member, make_project, make_prompt_set, make_run, make_study

pytestmark = pytest.mark.django_db


def make_invitation(**fields) -> Invitation:
    fields = {"role": Role.OWNER, "token_sha256": "x", "expires_at": timezone.now()} | fields
    return Invitation.objects.create(project=make_project(), **fields)


@pytest.mark.parametrize(
    ("make", "constraint"),
    [
        (lambda: Project.objects.create(name=""), "project_has_name"),
        (lambda: make_member("chief"), "There is no role"),
        (lambda: make_member().memberships.update(role="chief"), "membership_role_known"),
        (lambda: make_invitation(role="chief"), "invitation_role_known"),
        (lambda: make_invitation(token_sha256=""), "invitation_has_token"),
        (
            lambda: make_invitation(accepted_at=timezone.now(), revoked_at=timezone.now()),
            "invitation_accepted_or_revoked",
        ),
    ],
)
def test_what_is_no_project_member_or_invitation(make, constraint):
    with pytest.raises((IntegrityError, ValueError), match=constraint), transaction.atomic():
        make()


def test_two_projects_have_two_names_and_two_invitations_two_tokens():
    make_project("A lab")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_project("A lab")
    make_invitation()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_invitation()


@pytest.mark.parametrize(
    "make",
    [
        lambda project: make_prompt_set(project=project),
        lambda project: make_run(make_prompt_set(project=project)),
        lambda project: make_study(run=make_run(make_prompt_set(project=project))),
    ],
)
def test_a_name_is_unique_in_its_project_and_free_in_another(make):
    here, there = make_project(), make_project()
    first, second, elsewhere = make(here), make(here), make(there)
    model = type(first)
    model.objects.filter(pk=elsewhere.pk).update(name=first.name)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.filter(pk=second.pk).update(name=first.name)


def test_a_person_of_a_platform_is_one_in_a_project_and_another_in_another():
    here, there = make_project(), make_project()
    first, second, elsewhere = make_annotator(here), make_annotator(here), make_annotator(there)
    type(first).objects.filter(pk=elsewhere.pk).update(external_id=first.external_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        type(first).objects.filter(pk=second.pk).update(external_id=first.external_id)
