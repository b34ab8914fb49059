"""What was done stays written down, as it was."""

import pytest
from django.db import IntegrityError, transaction

from daamweb.projects.models import Event
from daamweb.projects.models.events import AppendOnlyError
from daamweb.projects.services.events import record
from tests.factories import main_project, make_project, make_study, make_user

pytestmark = pytest.mark.django_db


def make_event(**changes) -> Event:
    project = main_project()
    return record("made", **{"subject": project, "project": project, "by": None} | changes)


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda event: event.save(),
        lambda event: event.save(update_fields=["action"]),
        lambda event: event.delete(),
        lambda event: Event.objects.all().delete(),
        lambda event: Event.objects.update(action="erased"),
        lambda event: Event.objects.filter(pk=event.pk).update(actor_name="somebody else"),
        lambda event: Event.objects.bulk_update([event], ["action"]),
        lambda event: event.project.events.all().delete(),
        lambda event: event.project.events.update(action="erased"),
        lambda event: Event.objects.update_or_create(pk=event.pk, defaults={"action": "erased"}),
        lambda event: Event(pk=event.pk, actor_name="somebody else").save(),
        lambda event: event.project.events.clear(),
        lambda event: Event.objects.bulk_create(
            [event], update_conflicts=True, unique_fields=["id"], update_fields=["actor_name"]
        ),
    ],
)
def test_history_is_not_rewritten(rewrite):
    event = make_event()
    before = Event.objects.values().get()
    with pytest.raises(AppendOnlyError, match="What was done stays written down"):
        rewrite(event)
    assert Event.objects.values().get() == before


def test_an_event_outlives_the_project_and_the_person_that_it_is_about():
    project, ann = make_project("A lab"), make_user("ann")
    make_event(project=project, subject=project, by=ann)
    project.delete()
    ann.delete()
    event = Event.objects.get()
    assert (event.project, event.project_name) == (None, "A lab")
    assert (event.actor, event.actor_name, event.subject_name) == (None, "ann", "A lab")
    assert str(event) == "ann made A lab"


def test_what_a_thing_is_called_may_be_said_otherwise_and_is_cut_where_it_is_long():
    study = make_study()
    event = make_event(subject=study, name="x" * 500, details={"places": 3})
    assert (event.subject_type, event.subject_id) == ("annotations.study", study.pk)
    assert event.subject_name == "x" * 200
    assert event.details == {"places": 3}


def test_a_commands_operator_is_named(monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    assert make_event().actor_name == "command line (ann)"

    def nobody():
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert make_event().actor_name == "command line (unnamed)"


@pytest.mark.parametrize(
    "wrong", [{"action": "burnt"}, {"actor_name": ""}, {"subject_type": ""}, {"within": ""}]
)
def test_the_database_refuses_what_is_no_event(wrong):
    event = make_event()
    fields = {"project": event.project, "project_name": "Main", "actor_name": "ann", "action": "made"}
    subject = {"subject_type": "a.b", "subject_id": 1, "subject_name": "c", "within": "a.b:1"}
    Event.objects.create(**fields | subject)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(**fields | subject | wrong)
