"""What may be named as the source of a checkpoint, and what a worker loads."""

import os
import runpy
import socket
from pathlib import Path

import pytest

from generation.errors import CheckpointRefusedError
from generation.services.checkpoint_sources import check_source, checkpoint_folder
from generation.services.checkpoints import DEMO_SOURCE
from tests.generation.checkpoint_folders import make_checkpoint

HUB_IDS = [
    "stabilityai/stable-diffusion-2-base",
    "runwayml/stable-diffusion-v1-5",
    "CompVis/stable-diffusion-v1-4",
    "hf-internal-testing/tiny_pipe.v2",
    "0x/1",
]
RULE = (
    r"neither the id of a hub repository, such as .*, nor a folder below one of those that CHECKPOINT_ROOTS"
)


def refusal(source: object) -> str:
    """The same sentence where it is named and where it is loaded."""
    sentences = []
    for look in (check_source, checkpoint_folder):
        with pytest.raises(CheckpointRefusedError) as refused:
            look(str(source))
        sentences.append(str(refused.value))
    assert sentences[0] == sentences[1]
    assert "\n" not in sentences[0]
    assert sentences[0].endswith(".")
    return sentences[0]


# --- Folders below the roots -------------------------------------------------------------------------------


@pytest.fixture
def outside(root):
    """A checkpoint like any other, but not below a root."""
    return make_checkpoint(root.parent / "outside")


def test_folder_below_a_root_is_taken_by_its_real_path(root):
    folder = make_checkpoint(root / "models" / "a")
    (root / "current").symlink_to(folder)
    for source in (folder, root / "current", f"{root}/models/./a/"):
        check_source(str(source))
        assert checkpoint_folder(str(source)) == folder


def test_root_may_be_a_checkpoint_itself_or_a_link(root, settings):
    make_checkpoint(root / "a")
    (root.parent / "link").symlink_to(root / "a")
    settings.CHECKPOINT_ROOTS = [root.parent / "link"]
    assert checkpoint_folder(str(root.parent / "link")) == checkpoint_folder(str(root / "a")) == root / "a"


def test_link_from_outside_leads_below_a_root(root):
    folder = make_checkpoint(root / "a")
    (root.parent / "link").symlink_to(folder)
    assert checkpoint_folder(str(root.parent / "link")) == folder


def test_relative_path_is_one_in_the_projects_folder(root, settings, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert checkpoint_folder(DEMO_SOURCE) == settings.BASE_DIR / DEMO_SOURCE
    settings.BASE_DIR = root
    assert checkpoint_folder("./models/a") == root / "models" / "a"


def test_folder_may_be_on_a_workers_machine_only(root, settings):
    settings.CHECKPOINT_ROOTS = [root / "not made yet"]
    check_source(str(root / "not made yet" / "a"))
    assert checkpoint_folder(str(root / "not made yet" / "a")) == root / "not made yet" / "a"


@pytest.mark.parametrize(
    ("said", "roots"),
    [
        (None, ["{project}/generation/demo/checkpoint", "{var}/checkpoints"]),
        ("/a, /b/c ,models", ["/a", "/b/c", "{project}/models"]),
        (",/a, ,", ["/a"]),  # an empty name would be the project's own folder
        ("", []),
    ],
)
def test_roots_are_named_in_the_environment(settings, monkeypatch, tmp_path, said, roots):
    monkeypatch.setenv("VAR_FOLDER", str(tmp_path / "var"))
    monkeypatch.delenv("CHECKPOINT_ROOTS")
    if said is not None:
        monkeypatch.setenv("CHECKPOINT_ROOTS", said)
    read = runpy.run_path(str(settings.BASE_DIR / "daamweb" / "settings.py"))
    places = {"project": settings.BASE_DIR, "var": tmp_path / "var"}
    assert [str(root) for root in read["CHECKPOINT_ROOTS"]] == [root.format(**places) for root in roots]


def test_without_roots_no_folder_is_opened(settings, root):
    settings.CHECKPOINT_ROOTS = []
    assert "CHECKPOINT_ROOTS" in refusal(settings.BASE_DIR / DEMO_SOURCE)
    assert checkpoint_folder(HUB_IDS[0]) is None


# --- Outside -----------------------------------------------------------------------------------------------


def test_what_is_said_of_a_path_outside_does_not_tell_whether_it_exists(root, outside):
    (root / "out").symlink_to(outside.parent)
    (root / "file").symlink_to(outside / "model_index.json")
    (root / "loop").symlink_to("loop")
    there = [
        outside,
        outside / "unet",
        root / "out" / "outside",
        root / "file",
        "/",
        "/etc/passwd",
        root.parent,
    ]
    nothing = [
        outside / "no",
        outside / "unet" / "no",
        root / "out" / "no",
        "/no/such/folder",
        "/etc/passwd/x",
    ]
    kinds = {refusal(source).replace(repr(str(source)), "") for source in (*there, *nothing)}
    assert len(kinds) == 1
    assert "Put the folder there, or add it to CHECKPOINT_ROOTS" in kinds.pop()


def test_folder_whose_name_begins_like_a_roots_is_outside(root):
    make_checkpoint(root.parent / "root2")
    assert "CHECKPOINT_ROOTS" in refusal(root.parent / "root2")


@pytest.mark.parametrize(
    "source",
    [
        "/proc/self/root{}",
        "//proc/self/root{}",
        "/./proc/self/root{}",
        "/proc/self/cwd/a",
        "/proc/1/environ",
        "/dev/fd/0",
        "/dev/zero",
        "{}/../root/a",
        "{}/a/..",
        "..",
        "../..",
        "a/../b",
        "~",
        "~/a",
        "~root/a",
        "$HOME/a/b",
        ".",
        "./a",
        "a",
        "https://example.org/a/b",
        "file:///etc",
        "a--b/c",
        "owner/..",
        "owner/name/",
        "-owner/name",
        "owner/name.",
        "ｏｗｎｅｒ/name",
        "owner/" + "x" * 97,
    ],
)
def test_what_is_neither_a_hub_id_nor_below_a_root(root, monkeypatch, source):
    monkeypatch.chdir(root)
    make_checkpoint(root / "a")
    with pytest.raises(CheckpointRefusedError, match=RULE):
        check_source(source.format(root / "a" if source.endswith("root{}") else root))


@pytest.mark.parametrize(
    "source",
    [
        "", " ", "a\x00b", "/a\nb", "/a\r", "\t", "/a\x1b[31m", "/a\u202eb", "/a\u2066b", "/a\u2028b",
        "/a\udcff", " /a", "/a ", "owner/name\n", "x" * 501, "/" + "x" * 10_000,
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_line_of_text_is_refused_and_not_repeated(root, source):
    said = refusal(source)
    assert said.startswith("The source of a checkpoint is one line of text")
    assert len(said) < 300


# --- What is in the folder ---------------------------------------------------------------------------------


def test_of_a_folder_of_something_else_nothing_is_read(root):
    with (root / "film.mkv").open("wb") as film:
        film.truncate(8 << 30)
    counts = Path("/proc/self/io")
    before = counts.read_text()
    assert "has no model_index.json" in refusal(root)
    read = [int(text.split()[1]) for text in (before, counts.read_text())]
    assert read[1] - read[0] < 100_000


def test_a_file_is_no_checkpoint(root):
    (root / "weights.safetensors").write_text("")
    assert "is not a folder" in refusal(root / "weights.safetensors")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"{}", "does not name a pipeline"),
        (b" " * 1_000_001, "more than 1000000 bytes"),
    ],
)
def test_index_is_looked_at(root, content, reason):
    folder = make_checkpoint(root / "a")
    (folder / "model_index.json").write_bytes(content)
    assert reason in refusal(folder)


@pytest.mark.parametrize("name", ["model_index.json", "unet/weights"])
def test_pipes_and_sockets_are_refused_and_not_waited_for(root, monkeypatch, name):
    folder = make_checkpoint(root / "a")
    monkeypatch.chdir(folder)
    Path(name).unlink(missing_ok=True)
    os.mkfifo(name)
    assert name in refusal(folder)
    Path(name).unlink()
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(name)
    assert name in refusal(folder)


@pytest.mark.parametrize(
    "name", ["model_index.json", "unet", "unet/config.json", "unet/.hidden", "vae", ".cache", "README.md"]
)
@pytest.mark.parametrize("target", ["outside/unet", "outside/unet/config.json", "outside/no", "/dev/zero"])
def test_link_in_the_folder_that_leads_out_is_refused_whatever_it_leads_to(root, outside, name, target):
    folder = make_checkpoint(root / "a")
    path = folder / name
    if path.exists():
        path.rename(folder / "before")
    path.symlink_to(root.parent / target)
    said = refusal(folder)
    assert said.startswith(
        f"{str(path)!r} is a link that leads out of the folders that CHECKPOINT_ROOTS lists."
    )
    assert target not in said


def test_links_between_the_roots_are_fine_but_for_links_to_folders(root):
    folder, other = make_checkpoint(root / "a"), make_checkpoint(root / "b")
    (folder / "unet" / "config.json").unlink()
    (folder / "unet" / "config.json").symlink_to("../../b/unet/config.json")
    assert checkpoint_folder(str(folder)) == folder
    (folder / "vae").symlink_to(other / "unet")
    assert "a link to a folder" in refusal(folder)


# --- The hub -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", HUB_IDS)
def test_hub_id_stays_one(source):
    check_source(source)
    assert checkpoint_folder(source) is None


def test_hub_id_stays_one_where_a_folder_has_its_name(root, settings, monkeypatch):
    """The same row means the same on every worker. Who names it is told how to name the folder."""
    make_checkpoint(root / "owner" / "name")
    settings.BASE_DIR = root
    monkeypatch.chdir(root)
    assert checkpoint_folder("owner/name") is None
    with pytest.raises(CheckpointRefusedError, match=r"For the folder, write '\./owner/name'"):
        check_source("owner/name")
    check_source("./owner/name")
    assert checkpoint_folder("./owner/name") == root / "owner" / "name"


def test_nothing_is_said_of_a_folder_outside_that_has_the_name_of_a_repository(root, settings, outside):
    settings.BASE_DIR = outside.parent
    (outside / "name").mkdir()
    check_source("outside/name")
    assert checkpoint_folder("outside/name") is None
