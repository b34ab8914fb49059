"""What was done is written down with it, and stays."""

import getpass

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import transaction

from daamweb.projects.models import Action, Event
from daamweb.projects.services.events import SITE, record
from daamweb.projects.services.memberships import add_member, remove_member
from daamweb.projects.services.projects import rename_project
from tests.factories import (
    make_member,
    make_open_study,
    make_participation,
    make_project,
    make_study,
    make_user,
)

pytestmark = pytest.mark.django_db


def test_who_did_it_is_a_user_the_operator_of_a_command_or_the_site():
    study, user = make_study(), make_user("anna")
    for by in (user, None, SITE):
        record(Action.PAUSED, subject=study, project=study.project, by=by)
    events = Event.objects.on(study).filter(action=Action.PAUSED).order_by("pk")
    assert [(event.actor, event.actor_name) for event in events] == [
        (user, "anna"),
        (None, f"command line ({getpass.getuser()})"),
        (None, "the site"),
    ]


def test_what_is_the_sites_is_in_no_project():
    user = make_user()
    event = record(Action.EDITED, subject=user, project=None, by=SITE)
    assert (event.project, event.project_name, event.within) == (None, "", f"auth.user:{user.pk}")


def test_what_was_done_with_a_part_stands_on_the_page_of_the_whole():
    person = make_participation(make_open_study())
    event = record(Action.EXCLUDED, subject=person, project=person.study.project, by=None, name="3f2a")
    assert event.within == f"annotations.study:{person.study_id}"
    assert event in Event.objects.within(person.study)
    assert event in Event.objects.on(person)
    assert event not in Event.objects.on(person.study)


def test_nothing_is_written_down_of_what_was_rolled_back():
    project = make_project()
    with transaction.atomic():
        rename_project(project=project, name="Another", by=None)
        assert Event.objects.exists()
        transaction.set_rollback(True)
    assert not Event.objects.exists()


def test_the_admin_has_no_page_on_which_it_could_be_rewritten():
    assert Event not in admin.site._registry
    # nor is it on the page of something else
    inlines = {inline.model for each in admin.site._registry.values() for inline in each.inlines}
    assert Event not in inlines


# --- in words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({}, ""),
        ({"title": ["Old", "New"], "replicas": [3, 5]}, "replicas: 3 → 5; title: Old → New"),
        ({"share_cap": [None, 0.16]}, "share cap: nothing → 0.16"),
        ({"may_spend": [False, True]}, "may spend: no → yes"),
        ({"answers": 0}, "answers: 0"),
        ({"answers": 1}, "answers: 1"),
        ({"note": ["", "x"]}, "note: nothing → x"),
    ],
)
def test_details_are_read_out(details, words):
    assert Event(details=details).in_words == words


def test_who_joins_or_leaves_does_so_with_nobody_else():
    anna = make_member(username="anna")
    assert str(Event.objects.first()).endswith(") took in anna")
    remove_member(membership=anna.memberships.get(), by=anna)
    add_member(project=make_project(), user=anna, role="owner", by=anna)
    assert [str(event) for event in Event.objects.all()[:2]] == ["anna joined", "anna left"]


def test_every_model_with_events_can_be_found_by_its_name():
    make_member()
    for event in Event.objects.all():
        assert apps.get_model(event.subject_type)
