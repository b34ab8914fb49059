"""Nobody overwrites what they have not seen."""

import pytest
from django.db import IntegrityError

from annotations.services.openings import request_opening
from annotations.services.studies import edit_draft
from daamweb.projects.errors import EditRefusedError, NotEditableError, ProjectError
from daamweb.projects.models import Event, Membership, Role
from daamweb.projects.services.editing import EditConflictError, edit_row
from daamweb.projects.services.memberships import change_member, remove_member
from daamweb.projects.services.projects import rename_project
from daamweb.projects.shown import NOTHING, shown_of
from tests.events import written
from tests.factories import main_project, make_member, make_project, make_prompt_set, make_study

pytestmark = pytest.mark.django_db

FIELDS = ["title", "consent", "replicas"]


@pytest.fixture
def anna():
    return make_member(Role.RESEARCHER, username="anna")


@pytest.fixture
def bob():
    return make_member(Role.RESEARCHER, username="bob")


def values(study) -> dict:
    study.refresh_from_db()
    return {name: getattr(study, name) for name in FIELDS}


def test_the_second_of_two_who_edit_one_draft_is_told_what_the_first_did(anna, bob):
    study = make_study()
    shown, before = shown_of(study, FIELDS), values(study)
    first = {**before, "title": "Anna’s"}
    edit_draft(study=study, typed=first, shown=shown, by=anna)
    typed = {**before, "title": "Bob’s"}
    with pytest.raises(EditConflictError) as raised:
        edit_draft(study=study, typed=typed, shown=shown, by=bob)
    conflict = raised.value
    assert values(study) == first
    assert conflict.stored == {"title": "Anna’s"}
    assert [(event.actor, event.action) for event in conflict.events] == [(anna, "edited")]
    assert conflict.typed == typed
    # Saved again, knowingly, it replaces what is stored.
    again = {"typed": typed, "shown": conflict.now, "by": bob}
    assert written(edit_draft, study=study, **again) == [("bob", "edited", study.name)]
    assert Event.objects.first().details == {"title": ["Anna’s", "Bob’s"]}
    assert values(study) == typed


def test_fields_that_were_not_typed_over_are_a_conflict_as_well(anna, bob):
    """A study's texts belong together: what is agreed to is what the instructions ask for."""
    study = make_study()
    shown, before = shown_of(study, FIELDS), values(study)
    edit_draft(study=study, typed={**before, "consent": "Anna’s"}, shown=shown, by=anna)
    with pytest.raises(EditConflictError) as raised:
        edit_draft(study=study, typed={**before, "title": "Bob’s"}, shown=shown, by=bob)
    assert raised.value.stored == {"consent": "Anna’s"}
    assert values(study) == {**before, "consent": "Anna’s"}


def test_saving_without_an_edit_does_not_bring_back_what_was_shown(anna, bob):
    study = make_study()
    shown, before = shown_of(study, FIELDS), values(study)
    edit_draft(study=study, typed={**before, "consent": "Anna’s"}, shown=shown, by=anna)
    with pytest.raises(EditConflictError):
        edit_draft(study=study, typed=before, shown=shown, by=bob)
    assert values(study)["consent"] == "Anna’s"


def test_a_button_that_was_pressed_twice_is_no_conflict_and_written_down_once(anna):
    study = make_study()
    typed = {**values(study), "title": "New"}
    given = {"study": study, "typed": typed, "shown": shown_of(study, FIELDS), "by": anna}
    assert written(edit_draft, **given) == [("anna", "edited", study.name)]
    assert written(edit_draft, **given) == []


def test_who_typed_the_same_as_somebody_else_is_told_nothing(anna, bob):
    study = make_study()
    given = {"study": study, "typed": {**values(study), "title": "New"}, "shown": shown_of(study, FIELDS)}
    edit_draft(**given, by=anna)
    assert written(edit_draft, **given, by=bob) == []


def test_who_goes_back_to_a_form_after_saving_it_is_in_nobodys_way(anna):
    study = make_study()
    shown, typed = shown_of(study, FIELDS), {**values(study), "title": "New"}
    edit_draft(study=study, typed=typed, shown=shown, by=anna)
    assert edit_draft(study=study, typed={**typed, "consent": "New, too"}, shown=shown, by=anna)
    assert (values(study)["title"], values(study)["consent"]) == ("New", "New, too")


def test_a_form_that_says_not_what_it_shows_overwrites_nothing(anna):
    study = make_study()
    with pytest.raises(EditConflictError):
        edit_draft(study=study, typed={**values(study), "title": "New"}, shown=NOTHING, by=anna)
    assert values(study)["title"] == study.title != "New"


def test_what_was_changed_back_is_as_it_was_shown(anna, bob):
    study = make_study()
    shown, before = shown_of(study, FIELDS), values(study)
    for title in ("Anna’s", before["title"]):
        edit_draft(study=study, typed={"title": title}, by=anna)
    assert edit_draft(study=study, typed={**before, "replicas": 7}, shown=shown, by=bob)


def test_a_draft_that_was_opened_or_deleted_meanwhile_is_not_edited(anna):
    study, other = make_study(), make_study()
    shown = shown_of(study, FIELDS)
    request_opening(study=study, by=anna)
    with pytest.raises(NotEditableError, match="is opening, and not a draft any more"):
        edit_draft(study=study, typed={"title": "New"}, shown=shown, by=anna)
    pk = other.pk
    other.delete()
    other.pk = pk
    with pytest.raises(NotEditableError, match="was deleted meanwhile"):
        edit_draft(study=other, typed={"title": "New"}, shown=shown, by=anna)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101, "\u202eevil"])
def test_a_name_that_is_none_is_refused(anna, name):
    prompt_set = make_prompt_set()
    given = {"row": prompt_set, "shown": shown_of(prompt_set, ["name"]), "by": anna}

    def refused():
        with pytest.raises(EditRefusedError) as raised:
            edit_row(**given, typed={"name": name})
        assert raised.value.field == "name"

    assert written(refused) == []


def test_a_name_that_is_taken_in_the_project_is_refused(anna):
    prompt_set, taken = make_prompt_set(), make_prompt_set()
    elsewhere = make_prompt_set(project=make_project())
    given = {"row": prompt_set, "shown": shown_of(prompt_set, ["name"]), "by": anna}
    with pytest.raises(EditRefusedError, match=f"There is a prompt set named '{taken.name}' already"):
        edit_row(**given, typed={"name": taken.name})
    assert edit_row(**given, typed={"name": elsewhere.name})


def test_what_the_database_refuses_otherwise_is_not_taken_for_a_name(anna):
    study = make_study()
    with pytest.raises(IntegrityError):
        edit_draft(study=study, typed={"replicas": 0}, by=anna)


def test_a_row_that_is_gone_is_not_edited(anna):
    prompt_set = make_prompt_set()
    shown = shown_of(prompt_set, ["name"])
    type(prompt_set).objects.filter(pk=prompt_set.pk).delete()
    with pytest.raises(NotEditableError, match="was deleted meanwhile"):
        edit_row(row=prompt_set, typed={"name": "new"}, shown=shown, by=anna)


def test_private_values_are_not_repeated(anna):
    given = {"row": anna, "typed": {"email": "anna@example.org", "is_active": False}, "shown": None}
    edit_row(**given, by=None, private=frozenset({"email"}))
    assert Event.objects.first().details == {"email": "changed", "is_active": [True, False]}


# --- projects and members ---------------------------------------------------------------------------------


def test_a_project_that_was_renamed_meanwhile(anna, bob):
    project = main_project()
    shown = shown_of(project, ["name"])
    rename_project(project=project, name="Anna’s", by=anna, shown=shown)
    with pytest.raises(EditConflictError) as raised:
        rename_project(project=project, name="Bob’s", by=bob, shown=shown)
    assert raised.value.stored == {"name": "Anna’s"}
    assert [event.actor for event in raised.value.events] == [anna]
    rename_project(project=project, name="Anna’s", by=bob, shown=shown)
    project.refresh_from_db()
    assert project.name == "Anna’s"


def test_a_role_that_was_changed_meanwhile(anna, bob):
    membership = Membership.objects.get(user=anna)
    shown = shown_of(membership, ["role", "may_spend"], main_project().events.all())
    owner = {"membership": membership, "role": Role.OWNER, "may_spend": False}
    change_member(**owner, shown=shown, by=bob)
    assert Event.objects.first().details == {"role": ["researcher", "owner"]}
    observer = {"membership": membership, "role": Role.OBSERVER, "may_spend": False}
    with pytest.raises(EditConflictError) as raised:
        change_member(**observer, shown=shown, by=None)
    assert raised.value.stored == {"role": "owner"}
    assert raised.value.typed == {"role": "observer", "may_spend": False}
    assert [event.actor for event in raised.value.events] == [bob]
    with pytest.raises(ProjectError, match="is the only owner"):
        change_member(**observer, shown=raised.value.now, by=None)
    remove_member(membership=Membership.objects.get(user=bob), by=None)
    make_member(Role.OWNER)
    change_member(**observer, shown=raised.value.now, by=None)
    membership.refresh_from_db()
    assert membership.role == Role.OBSERVER


def test_money_that_was_taken_away_meanwhile_is_not_given_back_by_who_changes_the_role(anna, bob):
    membership = Membership.objects.get(user=anna)
    change_member(membership=membership, role=Role.RESEARCHER, may_spend=True, by=bob)
    membership.refresh_from_db()
    shown = shown_of(membership, ["role", "may_spend"], main_project().events.all())
    change_member(membership=membership, role=Role.RESEARCHER, may_spend=False, by=bob)
    with pytest.raises(EditConflictError) as raised:
        change_member(membership=membership, role=Role.OWNER, may_spend=True, shown=shown, by=bob)
    assert raised.value.left_alone == ["may_spend"]
    assert raised.value.typed == {"role": "owner", "may_spend": False}
