"""What the pages of projects do, by command."""

import pytest
from django.core.management import CommandError, call_command

from daamweb.projects.jobs import run_erasure
from daamweb.projects.models import Event, Membership, Project
from tests.factories import make_member, make_open_study

pytestmark = pytest.mark.django_db


def project(capsys, *arguments: str) -> str:
    call_command("project", *arguments)
    return capsys.readouterr().out


def test_a_projects_life(capsys, pokes, django_user_model, django_capture_on_commit_callbacks):
    _anna, bert = (django_user_model.objects.create_user(username=name) for name in ("anna", "bert"))
    project(capsys, "create", "A lab", "--owner", "anna")
    project(capsys, "member", "bert", "--role", "observer")
    project(capsys, "member", "bert", "--role", "researcher", "--may-spend")
    assert project(capsys, "members").split("\n")[:2] == [
        "anna: owner, may spend",
        "bert: researcher, may spend",
    ]
    project(capsys, "remove", "bert")
    bert.refresh_from_db()
    assert not bert.is_staff
    project(capsys, "rename", "A lab", "The lab")
    project(capsys, "archive", "The lab")
    project(capsys, "restore", "The lab")
    project(capsys, "archive", "The lab")
    with django_capture_on_commit_callbacks(execute=True):
        project(capsys, "erase", "The lab", "--yes", "The lab")
    for _, (pk,) in pokes:
        run_erasure(pk)
    assert not Project.objects.exists()
    assert list(Event.objects.order_by("pk").values_list("action", flat=True)) == [
        "made", "added", "edited", "removed", "edited", "archived", "restored", "archived", "erased",
    ]  # fmt: skip
    assert all(event.actor_name.startswith("command line (") for event in Event.objects.all())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["create", "Main"], "There is a project named 'Main' already"),
        (["create", "x\ny"], "one line of text"),
        (["create", "New", "--owner", "nobody"], "There is no user named 'nobody'"),
        (["rename", "Other", "New"], "There is no project named 'Other'. There are: 'Main'"),
        (["restore", "Main"], "is not archived"),
        (["archive", "Main"], "Close it"),
        (["erase", "Main", "--yes", "main"], "type its name as it is: Main"),
        (["erase", "Main", "--yes", "Main"], "has to be archived"),
        (["member", "owner", "--role", "observer"], "is the only owner"),
        (["remove", "owner"], "is the only owner"),
        (["remove", "stranger"], "is not in 'Main'"),
    ],
)
def test_what_is_refused_is_one_clear_line_and_changes_nothing(arguments, reason, django_user_model):
    django_user_model.objects.create_user(username="stranger")
    make_member("owner", username="owner")
    make_open_study()
    events = Event.objects.count()
    with pytest.raises(CommandError, match=reason):
        call_command("project", *arguments)
    assert Membership.objects.get().role == "owner"
    assert Project.objects.get().name == "Main"
    assert Event.objects.count() == events
