"""A form whose row changed meanwhile says who, when and what, keeps what was typed, and saves nothing."""

import re

import pytest
from django.test import Client

from annotations.admin import StudyAdmin
from annotations.models import Study
from annotations.services.openings import request_opening
from annotations.services.studies import delete_draft, edit_draft
from daamweb.projects.models import Event, Membership, Project, Role
from daamweb.projects.services.memberships import change_member, remove_member
from daamweb.projects.services.projects import archive_project
from tests.edits import shown_on
from tests.factories import main_project, make_member, make_study
from tests.projects.views.forms import (
    NOTHING_STORED,
    browser_of,
    change_page,
    edited,
    form_of,
    lost,
    sent_back,
    text_of,
)

pytestmark = pytest.mark.django_db

# --- drafts -----------------------------------------------------------------------------------------------


def test_the_second_of_two_who_edit_one_draft_sees_what_the_first_did(anna, bob):
    study = make_study()
    annas, bobs = browser_of(anna), browser_of(bob)
    address = change_page(study)
    typed = {**form_of(bobs, address), "title": "Bob’s", "consent": "Bob’s\nconsent"}
    annas.post(address, {**form_of(annas, address), "title": "<b>Anna’s</b>"})

    answer = bobs.post(address, typed)
    page = text_of(answer, 409)
    assert NOTHING_STORED in page
    assert re.search(r"anna edited \S+( \S+)* on \d{4}-\d\d-\d\d at \d\d:\d\d UTC \(title: ", page)
    assert "&lt;b&gt;Anna’s&lt;/b&gt;" in answer.text  # as it is stored, escaped
    assert "<b>Anna" not in answer.text
    form = answer.context["adminform"].form
    assert (form["title"].value(), form["consent"].value()) == ("Bob’s", "Bob’s\nconsent")
    assert f'<a href="{address}">load what is stored</a>' in page
    assert Study.objects.get().title == "<b>Anna’s</b>"
    assert edited() == 1

    again = {**typed, "shown": shown_on(answer.text)}
    assert bobs.post(address, again).status_code == 302
    study.refresh_from_db()
    assert (study.title, study.consent) == ("Bob’s", "Bob’s\nconsent")
    assert [event.actor for event in Event.objects.filter(action=Event.Action.EDITED)] == [bob, anna]


def test_what_nobody_typed_into_shows_what_is_stored_and_is_not_brought_back(anna, bob):
    study = make_study()
    client, address = browser_of(bob), change_page(study)
    typed = {**form_of(client, address), "title": "Bob’s"}
    stored = {"consent": "Anna’s\nconsent", "replicas": 7, "share_cap": 0.5}
    edit_draft(study=study, typed=stored, by=anna)
    answer = client.post(address, typed)
    form = answer.context["adminform"].form
    assert form["title"].value() == "Bob’s"
    assert form["consent"].value() == "Anna’s\nconsent"
    assert "fields that you left alone show what is stored" in text_of(answer, 409)
    again = {**sent_back(form), "shown": shown_on(answer.text)}
    assert client.post(address, again).status_code == 302
    study.refresh_from_db()
    assert study.title == "Bob’s"
    assert {name: getattr(study, name) for name in stored} == stored


def test_whose_session_has_ended_keeps_what_was_typed(bob):
    study = make_study()
    client, address = browser_of(bob), change_page(study)
    typed = {**form_of(client, address), "title": "Bob’s"}
    client.logout()
    page = text_of(client.post(address, typed), 403)
    assert "Your session has ended." in page
    assert "Bob’s" in page
    assert f'href="{address}"' in page
    assert study.name not in page.split("What you typed")[0]
    assert Study.objects.get().title != "Bob’s"


def test_a_third_one_in_between_is_another_conflict(anna, bob):
    study = make_study()
    client, address = browser_of(bob), change_page(study)
    typed = {**form_of(client, address), "title": "Bob’s"}
    edit_draft(study=study, typed={"title": "Anna’s"}, by=anna)
    first = client.post(address, typed)
    edit_draft(study=study, typed={"title": "Anna’s again"}, by=anna)
    second = client.post(address, {**typed, "shown": shown_on(first.text)})
    assert "Anna’s again" in text_of(second, 409)
    assert "(title: Anna’s → Anna’s again)" in text_of(second, 409)
    assert Study.objects.get().title == "Anna’s again"


def test_freezing_saves_first_by_the_same_rule(anna, bob):
    study = make_study()
    client, address = browser_of(bob), change_page(study)
    typed = {**form_of(client, address), "title": "Bob’s", "_open": "…"}
    edit_draft(study=study, typed={"title": "Anna’s"}, by=anna)
    assert NOTHING_STORED in text_of(client.post(address, typed), 409)
    assert Study.objects.get().title == "Anna’s"


def test_a_button_that_is_pressed_twice_is_no_conflict(bob):
    study = make_study()
    client, address = browser_of(bob), change_page(study)
    typed = {**form_of(client, address), "title": "Bob’s"}
    assert [client.post(address, typed).status_code for _ in range(2)] == [302, 302]
    assert edited() == 1


def test_a_mistake_does_not_make_the_form_forget_what_it_showed(anna, bob):
    study = make_study()
    client, address = browser_of(bob), change_page(study)
    typed = {**form_of(client, address), "title": "Bob’s", "replicas": "0"}
    mistaken = client.post(address, typed)
    assert mistaken.status_code == 200
    edit_draft(study=study, typed={"title": "Anna’s"}, by=anna)
    answer = client.post(address, {**typed, "replicas": "4", "shown": shown_on(mistaken.text)})
    assert NOTHING_STORED in text_of(answer, 409)
    # and one that was made after somebody else's edit
    mistaken = client.post(address, typed)
    answer = client.post(address, {**typed, "replicas": "4", "shown": shown_on(mistaken.text)})
    assert NOTHING_STORED in text_of(answer, 409)


def test_a_mistake_that_is_mended_is_stored(bob):
    study = make_study()
    client, address = browser_of(bob), change_page(study)
    typed = {**form_of(client, address), "title": "Bob’s", "replicas": "0"}
    shown = shown_on(client.post(address, typed).text)
    assert client.post(address, {**typed, "replicas": "4", "shown": shown}).status_code == 302
    study.refresh_from_db()
    assert (study.title, study.replicas) == ("Bob’s", 4)


def test_a_name_that_is_taken_is_said_at_its_field_and_what_was_typed_is_kept(bob):
    study, other = make_study(), make_study()
    client, address = browser_of(bob), change_page(study)
    answer = client.post(address, {**form_of(client, address), "name": other.name, "title": "Bob’s"})
    assert f"There is a study named '{other.name}' already" in text_of(answer, 422)
    form = answer.context["adminform"].form
    assert list(form.errors) == ["name"]
    assert form["title"].value() == "Bob’s"
    assert edited() == 0


def test_a_form_that_does_not_say_what_it_shows_stores_nothing(bob):
    study = make_study()
    client, address = browser_of(bob), change_page(study)
    typed = {**form_of(client, address), "title": "Bob’s"}
    for shown in ("", "x", '{"event": 1, "fields": []}'):
        assert client.post(address, {**typed, "shown": shown}).status_code == 409
    del typed["shown"]
    assert client.post(address, typed).status_code == 409
    assert edited() == 0


# --- what cannot be stored any more -----------------------------------------------------------------------


@pytest.fixture
def typing(bob):
    """Bob, over a draft that others are about to change."""
    study = make_study()
    client = browser_of(bob)
    typed = {**form_of(client, change_page(study)), "title": "Bob’s <i>title</i>"}
    return study, lambda: client.post(change_page(study), typed)


def test_opened_meanwhile(anna, typing):
    study, save = typing
    request_opening(study=study, by=anna)
    answer = save()
    page = lost(answer, 409, "Bob’s <i>title</i>")
    assert f"“{study.name}” is opening, and not a draft any more." in page
    assert "anna</td><td>began to open" in page.replace(" </td>", "</td>")
    assert "<i>title" not in answer.text
    assert f'href="{change_page(study)}"' in page


def test_opened_while_the_conflict_is_shown(anna, typing, monkeypatch):
    """The form is refused, and before it is shown again there is none any more."""
    study, save = typing
    edit = StudyAdmin.edit

    def edit_and_open(*args, **given):
        try:
            edit(*args, **given)
        finally:
            monkeypatch.setattr(StudyAdmin, "get_readonly_fields", lambda *_: StudyAdmin.fields)

    edit_draft(study=study, typed={"title": "Anna’s"}, by=anna)
    monkeypatch.setattr(StudyAdmin, "edit", edit_and_open)
    lost(save(), 409, "Bob’s <i>title</i>")


def test_deleted_meanwhile(anna, typing):
    study, save = typing
    delete_draft(study=study, by=anna)
    assert "is not here any more" in lost(save(), 404, "Bob’s <i>title</i>")


def test_archived_meanwhile(anna, typing):
    study, save = typing
    archive_project(project=study.project, by=anna)
    assert "You may look at what you edited, and not change it any more." in lost(save(), 403)
    assert Study.objects.get().title == study.title


def test_made_an_observer_meanwhile(anna, bob, typing):
    save = typing[1]
    membership = Membership.objects.get(user=bob)
    change_member(membership=membership, role=Role.OBSERVER, may_spend=False, by=anna)
    lost(save(), 403, "Bob’s <i>title</i>")


@pytest.mark.parametrize("elsewhere", [True, False])
def test_taken_out_of_the_project_meanwhile_nothing_of_it_is_shown(anna, bob, typing, elsewhere):
    study, save = typing
    if elsewhere:
        Project.objects.create(name="elsewhere").memberships.create(user=bob, role=Role.OWNER)
    edit_draft(study=study, typed={"title": "SECRET", "consent": "SECRET"}, by=anna)
    remove_member(membership=Membership.objects.get(user=bob, project=main_project()), by=anna)
    page = lost(save(), 404 if elsewhere else 403, "Bob’s <i>title</i>")
    assert "SECRET" not in page
    assert "anna" not in page
    assert Study.objects.get().title == "SECRET"


def test_somebody_who_never_might_is_told_as_little(anna, typing):
    study, _ = typing
    stranger = browser_of(make_member(Role.OWNER, Project.objects.create(name="elsewhere")))
    posted = {"title": "x", "shown": "{}"}
    found = lost(stranger.post(change_page(study), posted), 404, "x")
    study.pk += 1000
    assert lost(stranger.post(change_page(study), posted), 404, "x") == found


def test_who_is_nobody_is_shown_what_they_sent_and_nothing_else(typing):
    study, _ = typing
    page = lost(Client().post(change_page(study), {"title": "x", "shown": "{}"}), 403, "x")
    assert study.name not in page
