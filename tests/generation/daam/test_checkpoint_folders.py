"""What is looked at in a folder, in which order, and what is refused."""

import json
import os
import socket
from pathlib import Path

import pytest

from generation.daam.checkpoint_folders import (
    CheckpointUnreadable,
    check_shards,
    folder_revision,
    read_index,
)

INDEX = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}


def write_index(folder: Path, content: object = INDEX) -> Path:
    path = folder / "model_index.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def bytes_read() -> int:
    """By this process so far, whatever it read them with."""
    counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counts["rchar"])


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))  # an address has some hundred characters at most


def make_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


# --- The index ---------------------------------------------------------------------------------------------


def test_index_names_the_pipeline_and_its_parts(tmp_path):
    write_index(tmp_path)
    assert read_index(tmp_path) == INDEX


def test_of_a_folder_that_is_no_checkpoint_nothing_is_read(tmp_path):
    with (tmp_path / "film.mkv").open("wb") as film:
        film.truncate(8 << 30)
    before = bytes_read()
    with pytest.raises(CheckpointUnreadable, match=r"has no model_index\.json: it is not a diffusers"):
        read_index(tmp_path)
    assert bytes_read() - before < 100_000


def test_of_an_endless_index_a_bounded_part_is_read(tmp_path):
    with write_index(tmp_path).open("r+b") as index:
        index.truncate(64 << 20)
    before = bytes_read()
    with pytest.raises(CheckpointUnreadable, match="more than 1000000 bytes"):
        read_index(tmp_path)
    assert bytes_read() - before < 2_000_000


@pytest.mark.parametrize("make", [Path.mkdir, make_pipe, make_socket, make_device])
def test_index_that_is_no_file_is_refused_and_not_waited_for(tmp_path, monkeypatch, make):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "model_index.json")
    with pytest.raises(CheckpointUnreadable, match=r"model_index\.json' (is not a file|cannot be read)"):
        read_index(tmp_path)


def test_index_that_may_not_be_read(tmp_path, monkeypatch):
    write_index(tmp_path)

    def refuse(path, *options):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(CheckpointUnreadable, match=r"model_index\.json' cannot be read: Permission denied"):
        read_index(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not JSON"),
        (b"secret: 1", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 900_000, "is not JSON"),
        (b"9" * 900_000, "is not JSON"),
        ([], "is not a JSON object"),
        ("text", "is not a JSON object"),
        ({}, "does not name a pipeline"),
        ({"_class_name": None}, "does not name a pipeline"),
        ({"_class_name": ["code", "Pipeline"]}, "code of a checkpoint's own is not run"),
        ({**INDEX, "../outside": ["diffusers", "AutoencoderKL"]}, "a part with the name '../outside'"),
        ({**INDEX, "/etc": ["diffusers", "AutoencoderKL"]}, "a part with the name '/etc'"),
        ({**INDEX, ".hidden": ["diffusers", "AutoencoderKL"]}, "a part with the name '.hidden'"),
        ({**INDEX, "": ["diffusers", "AutoencoderKL"]}, "a part with the name ''"),
    ],
)
def test_index_of_something_else_is_refused(tmp_path, content, reason):
    write_index(tmp_path, content)
    with pytest.raises(CheckpointUnreadable, match=reason) as refused:
        read_index(tmp_path)
    assert "secret" not in str(refused.value)


# --- All files ---------------------------------------------------------------------------------------------


def test_linked_files_count_as_if_they_were_there(tmp_path):
    there, linked = tmp_path / "there", tmp_path / "linked"
    for folder in (there, linked):
        (folder / "unet").mkdir(parents=True)
    (there / "unet" / "weights").write_text("weights")
    (linked / "unet" / "weights").symlink_to(there / "unet" / "weights")
    assert folder_revision(linked) == folder_revision(there)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_pipe, "neither a file nor a folder"),
        (make_socket, "neither a file nor a folder"),
        (make_device, "neither a file nor a folder"),
        (lambda path: path.symlink_to("nowhere"), "cannot be read: No such file"),
        (lambda path: path.symlink_to(path.name), "cannot be read: Too many levels of symbolic links"),
        (lambda path: path.symlink_to(path.parent), "a link to a folder, whose files would not be hashed"),
    ],
    ids=["pipe", "socket", "device", "link to nothing", "link to itself", "link to a folder"],
)
def test_what_would_be_loaded_without_being_hashed_is_refused(tmp_path, monkeypatch, make, reason):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "unet").mkdir()
    make(tmp_path / "unet" / "weights")
    with pytest.raises(CheckpointUnreadable, match=f"unet/weights'.*{reason}"):
        folder_revision(tmp_path)
    (tmp_path / "unet" / "weights").rename(tmp_path / "unet" / ".weights")
    folder_revision(tmp_path)  # nobody loads what is hidden


def test_folder_that_may_not_be_listed_is_not_left_out(tmp_path, monkeypatch):
    (tmp_path / "unet").mkdir()
    list_folder = os.scandir

    def refuse(path):
        if str(path).endswith("unet"):
            raise PermissionError(13, "Permission denied", str(path))
        return list_folder(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(CheckpointUnreadable, match="unet' cannot be listed: Permission denied"):
        folder_revision(tmp_path)


# --- Weights in several files ------------------------------------------------------------------------------


def write_shards(folder: Path, content: object) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps(content))


def test_weights_may_be_in_files_beside_the_list(tmp_path):
    write_shards(tmp_path, {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}})
    check_shards(tmp_path)


@pytest.mark.parametrize(
    "weight_map",
    [
        {"a": "../model.safetensors"},
        {"a": "/weights/model.safetensors"},
        {"a": "in/model"},
        {"a": 1},
        ["a"],
        None,
    ],
)
def test_weights_are_nowhere_else(tmp_path, weight_map):
    write_shards(tmp_path, {"weight_map": weight_map})
    with pytest.raises(CheckpointUnreadable, match="names weights that are not files beside it"):
        check_shards(tmp_path)
