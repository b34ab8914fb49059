from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from generation.errors import CheckpointRefusedError
from generation.models import Checkpoint
from generation.services.checkpoints import (
    DEMO_SOURCE,
    find_or_create_checkpoint,
    find_or_create_demo_checkpoint,
    save_checkpoint,
)
from tests.factories import make_run
from tests.generation.checkpoint_folders import make_checkpoint

pytestmark = pytest.mark.django_db


def test_known_checkpoint_is_found_by_its_name():
    known = Checkpoint.objects.create(name="sd2", source="owner/stable", revision="abc")
    assert find_or_create_checkpoint(name_or_source="sd2") == known


def test_known_checkpoint_is_found_by_its_source_if_no_revision_is_fixed():
    latest = Checkpoint.objects.create(name="latest", source="owner/stable")
    assert find_or_create_checkpoint(name_or_source="owner/stable") == latest


def test_hub_id_becomes_a_checkpoint_of_that_name():
    made = find_or_create_checkpoint(name_or_source="owner/stable")
    assert (made.name, made.source, made.revision) == ("owner/stable", "owner/stable", "")
    assert find_or_create_checkpoint(name_or_source="owner/stable") == made


def test_latest_revision_is_another_checkpoint_than_a_fixed_one():
    Checkpoint.objects.create(name="fixed", source="owner/stable", revision="abc")
    assert find_or_create_checkpoint(name_or_source="owner/stable").revision == ""


def test_folder_is_kept_with_its_whole_path(root, monkeypatch):
    folder = make_checkpoint(root / "weights")
    monkeypatch.chdir(root)
    made = find_or_create_checkpoint(name_or_source="weights")
    assert made.source == made.name == str(folder)
    for source in (str(folder), "./weights", f"{root}/./weights/"):
        assert find_or_create_checkpoint(name_or_source=source) == made


def test_folder_outside_the_roots_is_refused_known_or_not(tmp_path, monkeypatch):
    folder = make_checkpoint(tmp_path / "weights")
    monkeypatch.chdir(tmp_path)
    Checkpoint.objects.create(name="of before", source=str(folder))
    for source in (str(folder), "./weights", f"{tmp_path}/none", "../weights/."):
        with pytest.raises(CheckpointRefusedError, match="add it to CHECKPOINT_ROOTS"):
            find_or_create_checkpoint(name_or_source=source)
    assert Checkpoint.objects.count() == 1


def test_long_path_gets_a_name_that_fits(root):
    folder = make_checkpoint(root / ("a" * 80) / ("b" * 80))
    made = find_or_create_checkpoint(name_or_source=str(folder))
    assert made.source == str(folder)
    assert len(made.name) == 100
    assert made.name.endswith("b" * 80)


def test_second_folder_with_the_same_long_end_is_refused(root):
    for parent in ("one", "two"):
        make_checkpoint(root / parent / ("b" * 120))
    find_or_create_checkpoint(name_or_source=str(root / "one" / ("b" * 120)))
    with pytest.raises(CheckpointRefusedError, match="another checkpoint named"):
        find_or_create_checkpoint(name_or_source=str(root / "two" / ("b" * 120)))


def test_unknown_name_is_refused_and_the_known_ones_are_listed():
    Checkpoint.objects.create(name="sd2", source="owner/stable")
    with pytest.raises(CheckpointRefusedError, match=r"no checkpoint named 'sd1' \(known: sd2\)"):
        find_or_create_checkpoint(name_or_source="sd1")
    assert Checkpoint.objects.count() == 1


@pytest.mark.parametrize("source", ["owner/" + "x" * 500, "x" * 10_000, "a\x00b", "a/b\n", "/a\u202eb"])
def test_what_is_no_line_of_text_is_refused(source):
    with pytest.raises(CheckpointRefusedError, match="one line of text without control characters, of 500"):
        find_or_create_checkpoint(name_or_source=source)


def test_demo_checkpoint_is_made_once_and_found_again():
    made = find_or_create_checkpoint(name_or_source="demo")
    assert find_or_create_demo_checkpoint() == find_or_create_checkpoint(name_or_source="demo") == made
    assert Checkpoint.objects.count() == 1


def test_demo_checkpoint_is_a_folder_of_the_project_wherever_that_is(settings):
    source = Path(find_or_create_demo_checkpoint().source)
    assert not source.is_absolute()
    assert (settings.BASE_DIR / source / "vae" / "config.json").is_file()


@pytest.mark.parametrize(
    "find",
    [find_or_create_demo_checkpoint, lambda: find_or_create_checkpoint(name_or_source="demo")],
    ids=["default", "named"],
)
def test_another_checkpoint_is_not_taken_for_the_demos_because_of_its_name(find):
    Checkpoint.objects.create(name="demo", source="/var/checkpoints/tiny")
    with pytest.raises(
        CheckpointRefusedError, match="'demo' is /var/checkpoints/tiny, not the one that comes with"
    ):
        find()
    assert Checkpoint.objects.get().source == "/var/checkpoints/tiny"


def test_the_demo_checkpoints_own_folder_is_the_demo_checkpoint(settings, monkeypatch, tmp_path):
    demo = find_or_create_demo_checkpoint()
    assert find_or_create_checkpoint(name_or_source=str(settings.BASE_DIR / demo.source)) == demo
    monkeypatch.chdir(tmp_path)
    assert find_or_create_checkpoint(name_or_source=demo.source) == demo


def test_the_demo_checkpoint_is_refused_where_the_roots_leave_it_out(settings, tmp_path):
    settings.CHECKPOINT_ROOTS = [tmp_path]
    for name in ("demo", DEMO_SOURCE):
        with pytest.raises(CheckpointRefusedError, match="CHECKPOINT_ROOTS"):
            find_or_create_checkpoint(name_or_source=name)
    assert not Checkpoint.objects.exists()


# --- Adding and changing -----------------------------------------------------------------------------------


def test_checkpoint_is_added_and_changed_until_a_run_was_made_with_it():
    made = save_checkpoint(checkpoint=Checkpoint(name="sd", source="owner/wrong"))
    made.name, made.source, made.revision, made.data_type = "sd2", "owner/right", "v1.0", "float16"
    save_checkpoint(checkpoint=made)
    stored = Checkpoint.objects.get()
    assert (stored.name, stored.source, stored.revision, stored.data_type) == (
        "sd2", "owner/right", "v1.0", "float16",
    )  # fmt: skip


CHANGES = {"name": "other", "source": "owner/other", "revision": "v2", "data_type": "bfloat16"}


@pytest.mark.parametrize(("field", "value"), CHANGES.items())
def test_nothing_is_changed_of_one_that_a_run_was_made_with(field, value):
    used = make_run(finished=False).checkpoint
    Checkpoint.objects.filter(pk=used.pk).update(source="owner/name")
    used.refresh_from_db()
    before = used.kept()
    setattr(used, field, value)
    with pytest.raises(ValidationError, match="neither be changed nor deleted"):
        used.full_clean()
    with pytest.raises(CheckpointRefusedError, match="neither be changed nor deleted"):
        save_checkpoint(checkpoint=used)
    assert Checkpoint.objects.get(pk=used.pk).kept() == before


def test_run_that_came_after_the_check_is_seen_by_the_update(monkeypatch):
    used = make_run(finished=False).checkpoint
    used.source = "owner/other"
    monkeypatch.setattr(Checkpoint, "is_in_use", lambda self: False)
    with pytest.raises(CheckpointRefusedError, match="neither be changed nor deleted"):
        save_checkpoint(checkpoint=used)
    assert Checkpoint.objects.get(pk=used.pk).source == "tiny"


def test_one_that_a_run_was_made_with_is_not_deleted_and_may_change_when_the_run_is_gone():
    run = make_run(finished=False)
    used = run.checkpoint
    with pytest.raises(ProtectedError):
        used.delete()
    run.delete()
    used.source = "owner/other"
    save_checkpoint(checkpoint=used)
    assert Checkpoint.objects.get().source == "owner/other"


def test_one_that_is_gone_is_not_written_again():
    made = save_checkpoint(checkpoint=Checkpoint(name="sd", source="owner/name"))
    Checkpoint.objects.all().delete()
    with pytest.raises(CheckpointRefusedError, match="'sd' has been deleted"):
        save_checkpoint(checkpoint=made)
    assert not Checkpoint.objects.exists()


def test_name_is_taken_once():
    save_checkpoint(checkpoint=Checkpoint(name="sd", source="owner/name"))
    with pytest.raises(CheckpointRefusedError, match="Name already exists"):
        save_checkpoint(checkpoint=Checkpoint(name="sd", source="owner/other"))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"name": ""}, "cannot be blank"),
        ({"name": "\u200b"}, "A name is needed"),
        ({"name": "a\nb"}, "one line of text"),
        ({"name": "a\x00b"}, "control characters"),
        ({"name": "a\u202eb"}, "marks that turn the direction"),
        ({"name": "x" * 10_000}, "at most"),
        ({"source": "/etc"}, "CHECKPOINT_ROOTS"),
        ({"source": ""}, "one line of text"),
        ({"revision": "../../heads"}, "A revision is"),
        ({"revision": "/v1"}, "A revision is"),
        ({"revision": "v1\n"}, "A revision is"),
        ({"revision": "x" * 101}, "at most 100"),
        ({"data_type": "int8"}, "not a valid choice"),
    ],
)
def test_what_cannot_be_stored_is_refused(values, reason):
    with pytest.raises(CheckpointRefusedError, match=reason):
        save_checkpoint(checkpoint=Checkpoint(**{"name": "sd", "source": "owner/name"} | values))
    assert not Checkpoint.objects.exists()


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "هجين", "Überblick {{ x }}", "x" * 100])
@pytest.mark.parametrize("revision", ["", "main", "refs/pr/1", "v1.0+cu", "0" * 40, "0" * 64])
def test_names_are_of_any_script_and_revisions_as_git_has_them(name, revision):
    made = save_checkpoint(checkpoint=Checkpoint(name=name, source="owner/name", revision=revision))
    assert Checkpoint.objects.get().kept() == made.kept()
