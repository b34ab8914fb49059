"""Conflicts on every form of a row that is no study's."""

import html
import re

import pytest

from annotations.services.identities import set_retention
from daamweb.projects.models import Membership, Role
from daamweb.projects.services.memberships import change_member, remove_member
from daamweb.projects.services.projects import rename_project
from daamweb.projects.services.rows import delete_row
from generation.models import Checkpoint
from tests.edits import shown_at, shown_on
from tests.factories import main_project, make_member, make_prompt_set, make_run, make_study
from tests.projects.views.forms import browser_of, change_page, form_of, lost, text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("make", [make_prompt_set, make_run])
def test_names_of_prompt_sets_and_runs(anna, bob, make):
    row = make()
    annas, bobs = browser_of(anna), browser_of(bob)
    address = change_page(row)
    typed = {**form_of(bobs, address), "name": "Bob’s"}
    annas.post(address, {**form_of(annas, address), "name": "Anna’s"})
    page = text_of(bobs.post(address, typed), 409)
    assert f"(name: {row.name} → Anna’s)" in page
    assert 'value="Bob’s"' in page
    delete_row(row=row, by=anna)
    lost(bobs.post(address, typed), 404, "Bob’s")


def test_checkpoints(root):
    checkpoint = Checkpoint.objects.create(name="sd", source="owner/sd")
    client, address = browser_of(root), change_page(checkpoint)
    typed = {**form_of(client, address), "name": "Root’s", "source": "owner/other"}
    client.post(address, {**form_of(client, address), "source": "owner/third"})
    page = text_of(client.post(address, typed), 409)
    assert "(source: owner/sd → owner/third)" in page
    # Once images were made with it, it stays as it is.
    run = make_run(finished=False)
    address = change_page(run.checkpoint)
    run.checkpoint = checkpoint
    typed = {**form_of(client, change_page(checkpoint)), "source": "owner/other"}
    run.save()
    page = lost(client.post(change_page(checkpoint), typed), 403, "owner/other")
    assert "You may look at what you edited, and not change it any more." in page


def test_users(root, anna):
    client, address = browser_of(root), change_page(anna)
    typed = {**form_of(client, address), "email": "one@example.org"}
    client.post(address, {**form_of(client, address), "last_name": "Another", "is_active": ""})
    page = text_of(client.post(address, typed), 409)
    assert "root edited anna on " in page
    assert "(is active: yes → no; last name: changed)" in page
    assert "one@example.org" in page
    anna.refresh_from_db()
    assert (anna.email, anna.is_active) == ("", False)


def test_the_projects_name(anna, bob):
    project = main_project()
    client = browser_of(bob)
    page = client.get(project.get_absolute_url())
    named = re.search(r'rename/">.*?name="shown" value="([^"]*)"', page.text, re.DOTALL)
    typed = {"name": "Bob’s", "shown": html.unescape(named[1])}
    rename_project(project=project, name="Anna’s", by=anna)
    address = f"/projects/{project.pk}/rename/"
    answer = client.post(address, typed)
    assert "anna edited Anna’s on" in text_of(answer, 409)
    assert 'value="Bob’s"' in text_of(answer, 409)
    again = re.search(r'rename/">.*?name="shown" value="([^"]*)"', answer.text, re.DOTALL)
    assert client.post(address, {**typed, "shown": html.unescape(again[1])}).status_code == 302
    project.refresh_from_db()
    assert project.name == "Bob’s"
    remove_member(membership=Membership.objects.get(user=bob), by=anna)
    lost(client.post(address, typed), 403, "Bob’s")


def test_a_members_role(anna, bob):
    project, carla = main_project(), make_member(Role.RESEARCHER, username="carla")
    membership = Membership.objects.get(user=carla)
    client = browser_of(bob)
    address = f"/projects/{project.pk}/members/{membership.pk}/"

    def shown(page: str) -> str:
        return html.unescape(re.search(rf'{address}">.*?name="shown" value="([^"]*)"', page, re.DOTALL)[1])

    typed = {"role": "observer", "shown": shown(client.get(project.get_absolute_url()).text)}
    change_member(membership=membership, role=Role.OWNER, may_spend=True, by=anna)
    answer = client.post(address, typed)
    page = text_of(answer, 409)
    assert "anna edited carla on" in page
    assert "(may spend: no → yes; role: researcher → owner)" in page
    assert '<dt>Role</dt><dd tabindex="0" dir="auto">owner</dd>' in page
    form = answer.text[answer.text.index(f'{address}"') :]
    assert '<option value="observer" selected>' in form[: form.index("</form>")]
    membership.refresh_from_db()
    assert membership.role == Role.OWNER
    assert client.post(address, {**typed, "shown": shown(answer.text)}).status_code == 302
    membership.refresh_from_db()
    assert (membership.role, membership.may_spend) == (Role.OBSERVER, False)
    remove_member(membership=membership, by=anna)
    lost(client.post(address, typed), 404, "observer")


def test_how_long_people_are_known(anna, bob):
    study = make_study()
    client, page = browser_of(bob), f"/studies/{study.pk}/data/"
    typed = {"days": "10", "shown": shown_at(client, page)}
    set_retention(study=study, days=30, by=anna)
    answer = client.post(f"/studies/{study.pk}/retention/", typed)
    assert "(keep identities days: nothing → 30)" in text_of(answer, 409)
    assert 'value="10"' in text_of(answer, 409)
    client.post(f"/studies/{study.pk}/retention/", {**typed, "shown": shown_on(answer.text)})
    study.refresh_from_db()
    assert study.keep_identities_days == 10
