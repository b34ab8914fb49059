"""Checkpoints are the site's: superusers add and correct them until a run was made with one."""

import pytest

from daamweb.projects.models import Event, Role
from daamweb.projects.shown import shown_of
from generation.admin import CheckpointAdmin
from generation.models import Checkpoint
from generation.services.runs import create_run
from tests.factories import make_prompt_set, make_run
from tests.generation.admin.pages import change_page, page
from tests.generation.checkpoint_folders import make_checkpoint

pytestmark = pytest.mark.django_db

LIST = "/admin/generation/checkpoint/"
ADD = f"{LIST}add/"
DATA = {"name": "sd", "source": "owner/name", "revision": "", "data_type": "float32"}
IN_USE = "Images are made with this checkpoint, so that it can neither be changed nor deleted."


def shown(checkpoint: Checkpoint) -> dict[str, str]:
    """What the form sends, of the checkpoint as it is by now."""
    return DATA | {"shown": str(shown_of(checkpoint, Checkpoint.KEPT))}


def delete_page(checkpoint: Checkpoint) -> str:
    return change_page(checkpoint).replace("change", "delete")


@pytest.fixture
def unused() -> Checkpoint:
    return Checkpoint.objects.create(name="unused", source="owner/unused")


# --- Who ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role.values)
def test_members_look_and_change_nothing(member_client, unused, role):
    client = member_client(role)
    used = make_run(finished=False).checkpoint
    before = list(Checkpoint.objects.values())
    text = page(client, LIST)
    assert "owner/unused" in text
    assert ADD not in text
    for checkpoint in (unused, used):
        text = page(client, change_page(checkpoint))
        assert checkpoint.source in text
        assert 'name="source"' not in text
        assert IN_USE not in text  # that is not why
        assert client.post(change_page(checkpoint), DATA).status_code == 403
        assert client.get(delete_page(checkpoint)).status_code == 403
        assert client.post(delete_page(checkpoint), {"post": "yes"}).status_code == 403
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, DATA).status_code == 403
    assert list(Checkpoint.objects.values()) == before


def test_who_is_in_no_project_finds_none(member_client, unused):
    client = member_client(None)
    assert client.get(LIST).status_code == 403
    for address in (change_page(unused), delete_page(unused)):
        assert client.get(address).status_code in (302, 403)
        assert client.post(address, DATA).status_code in (302, 403)
    assert Checkpoint.objects.get().name == "unused"


# --- Adding and changing -----------------------------------------------------------------------------------


def test_checkpoint_is_added(submit, root):
    folder = make_checkpoint(root / "weights")
    for number, source in enumerate(("owner/name", str(folder))):
        text = submit(ADD, DATA | {"name": f"sd {number}", "source": source})
        assert "was added successfully" in text
    assert list(Checkpoint.objects.order_by("name").values_list("source", flat=True)) == [
        "owner/name",
        str(folder),
    ]
    assert Event.objects.filter(action=Event.Action.MADE, project=None).count() == 2


def test_checkpoint_can_be_corrected_until_a_run_was_made_with_it(submit, unused):
    submit(change_page(unused), shown(unused) | {"source": "owner/right", "data_type": "float16"})
    unused.refresh_from_db()
    assert (unused.name, unused.source, unused.data_type) == ("sd", "owner/right", "float16")


def test_one_that_a_run_was_made_with_is_shown_with_the_reason_why_it_stays(researcher_client, unused):
    used = make_run(finished=False).checkpoint
    before = used.kept()
    text = page(researcher_client, change_page(used))
    assert IN_USE in text
    assert 'name="source"' not in text
    assert 'name="_save"' not in text
    assert delete_page(used) not in text
    assert researcher_client.post(change_page(used), DATA).status_code == 403
    assert "1 generation run" in page(researcher_client, delete_page(used))
    researcher_client.post(delete_page(used), {"post": "yes"})
    used.refresh_from_db()
    assert used.kept() == before
    text = page(researcher_client, change_page(unused))
    assert IN_USE not in text
    assert 'name="source"' in text
    assert delete_page(unused) in text


def test_run_that_is_made_while_the_form_is_open_keeps_it(researcher_client, unused, monkeypatch):
    """The form is judged, then a run is made, then the form is saved."""
    save_model = CheckpointAdmin.save_model

    def make_run_first(*arguments):
        create_run(name="run", prompt_set=make_prompt_set(), checkpoint=unused)
        save_model(*arguments)

    monkeypatch.setattr(CheckpointAdmin, "save_model", make_run_first)
    answer = researcher_client.post(change_page(unused), shown(unused))
    assert answer.status_code == 409
    assert IN_USE in answer.text
    assert "owner/name</textarea>" in answer.text  # what was typed
    assert Checkpoint.objects.get().source == "owner/unused"
    assert not Event.objects.filter(action=Event.Action.EDITED).exists()


# --- What is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"source": "/etc"}, "'/etc' is neither the id of a hub repository"),
        ({"source": "/no/such/folder"}, "'/no/such/folder' is neither the id of a hub repository"),
        ({"source": "/proc/self/cwd"}, "CHECKPOINT_ROOTS"),
        ({"source": "../weights"}, "CHECKPOINT_ROOTS"),
        ({"source": "~/weights"}, "CHECKPOINT_ROOTS"),
        ({"source": "/a\nb"}, "one line of text"),
        ({"source": "x" * 10_000}, "at most 500 characters"),
        ({"source": ""}, "This field is required."),
        ({"name": ""}, "This field is required."),
        ({"name": "a\u202eb"}, "marks that turn the direction of text"),
        ({"name": "a\x1bb"}, "control characters"),
        ({"name": "x" * 10_000}, "at most 100 characters"),
        ({"name": "unused"}, "already exists"),
        ({"revision": "../v1"}, "A revision is"),
        ({"data_type": "int8"}, "Select a valid choice."),
    ],
)
def test_bad_checkpoints_are_refused_on_the_form(submit, unused, change, reason):
    for address in (ADD, change_page(Checkpoint.objects.create(name="other", source="owner/other"))):
        assert reason in submit(address, DATA | change)
    assert set(Checkpoint.objects.values_list("source", flat=True)) == {"owner/unused", "owner/other"}


def test_folder_that_is_no_checkpoint_is_refused_on_the_form(submit, root):
    (root / "film.mkv").write_text("film")
    assert "has no model_index.json" in submit(ADD, DATA | {"source": str(root)})
    assert not Checkpoint.objects.exists()


def test_names_and_sources_are_shown_as_text(researcher_client):
    checkpoint = Checkpoint.objects.create(name="<b>bold</b>", source="<i>")
    for address in (LIST, change_page(checkpoint), delete_page(checkpoint)):
        text = researcher_client.get(address).content.decode()
        assert "&lt;b&gt;bold&lt;/b&gt;" in text
        assert "<b>bold" not in text
        assert "<i>" not in text
