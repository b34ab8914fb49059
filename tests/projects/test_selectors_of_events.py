"""Who sees what was done."""

import pytest
from django.contrib.auth.models import AnonymousUser

from annotations.services.reviews import exclude_annotator
from daamweb.projects.models import Action, Event, Role
from daamweb.projects.selectors import trail_of, visible_events
from daamweb.projects.services.events import record
from generation.models import Checkpoint
from tests.factories import make_member, make_open_study, make_participation, make_project, make_user

pytestmark = pytest.mark.django_db


def seen_by(user) -> set[str]:
    return set(visible_events(Event.objects.all(), user).values_list("action", flat=True))


@pytest.fixture
def everything():
    """A study that was opened, a person who was excluded from it, a checkpoint that was made."""
    study = make_open_study()
    exclude_annotator(participation=make_participation(study), reason="careless")
    record(Action.DELETED, subject=Checkpoint(pk=1, name="tiny"), project=None, by=None)


@pytest.mark.usefixtures("everything")
def test_members_see_what_was_done_in_their_project_and_observers_nothing_of_single_persons():
    in_it = {"made", "opening", "opened", "added"}
    assert seen_by(make_member(Role.OBSERVER)) == in_it
    assert seen_by(make_member(Role.RESEARCHER)) == seen_by(make_member(Role.OWNER)) == {*in_it, "excluded"}
    # Researcher elsewhere and observer here sees no more here.
    both = make_member(Role.OBSERVER)
    make_project("elsewhere").memberships.create(user=both, role=Role.OWNER)
    assert seen_by(both) == in_it


@pytest.mark.usefixtures("everything")
def test_superusers_see_what_is_the_sites_too_and_strangers_nothing():
    assert {"excluded", "deleted"} <= seen_by(make_user(is_superuser=True))
    stranger = make_member(Role.OWNER, make_project())
    assert visible_events(Event.objects.all(), stranger).get().project == stranger.memberships.get().project
    assert seen_by(make_user()) == seen_by(AnonymousUser()) == set()


def test_a_study_shows_what_was_done_with_its_people_and_a_person_only_that():
    study = make_open_study()
    person, other = make_participation(study), make_participation(study)
    for each in (person, other):
        exclude_annotator(participation=each, reason="careless")
    assert [event.action for event in trail_of(study)] == [
        "excluded",
        "excluded",
        "opened",
        "opening",
        "made",
    ]
    assert trail_of(person).get().subject_name == f"{person.pseudonym} in {study}"
