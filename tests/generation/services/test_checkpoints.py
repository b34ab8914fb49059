from pathlib import Path

import pytest

from generation.errors import RunError
from generation.models import Checkpoint
from generation.services.checkpoints import find_or_create_checkpoint, find_or_create_demo_checkpoint

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


def test_folder_is_kept_with_its_whole_path(tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    monkeypatch.chdir(tmp_path)
    made = find_or_create_checkpoint(name_or_source="weights")
    assert made.source == str(tmp_path / "weights")
    assert find_or_create_checkpoint(name_or_source=str(tmp_path / "weights")) == made


def test_long_path_gets_a_name_that_fits(tmp_path):
    folder = tmp_path / ("a" * 80) / ("b" * 80)
    folder.mkdir(parents=True)
    made = find_or_create_checkpoint(name_or_source=str(folder))
    assert made.source == str(folder)
    assert len(made.name) == 100
    assert made.name.endswith("b" * 80)


def test_second_folder_with_the_same_long_end_is_refused(tmp_path):
    for parent in ("one", "two"):
        (tmp_path / parent / ("b" * 120)).mkdir(parents=True)
    find_or_create_checkpoint(name_or_source=str(tmp_path / "one" / ("b" * 120)))
    with pytest.raises(RunError, match="another checkpoint named"):
        find_or_create_checkpoint(name_or_source=str(tmp_path / "two" / ("b" * 120)))


def test_unknown_name_is_refused_and_the_known_ones_are_listed():
    Checkpoint.objects.create(name="sd2", source="owner/stable")
    with pytest.raises(RunError, match=r"no checkpoint named 'sd1' \(known: sd2\)"):
        find_or_create_checkpoint(name_or_source="sd1")
    assert Checkpoint.objects.count() == 1


def test_endless_address_is_refused():
    with pytest.raises(RunError, match="too long"):
        find_or_create_checkpoint(name_or_source="owner/" + "x" * 500)


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
    with pytest.raises(RunError, match="'demo' is /var/checkpoints/tiny, not the one that comes with"):
        find()
    assert Checkpoint.objects.get().source == "/var/checkpoints/tiny"


def test_the_demo_checkpoints_own_folder_is_the_demo_checkpoint(settings, monkeypatch, tmp_path):
    demo = find_or_create_demo_checkpoint()
    assert find_or_create_checkpoint(name_or_source=str(settings.BASE_DIR / demo.source)) == demo
    monkeypatch.chdir(tmp_path)
    assert find_or_create_checkpoint(name_or_source=demo.source) == demo
