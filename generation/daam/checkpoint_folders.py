"""What a folder has to hold to be a checkpoint in diffusers' format, and the hash of it; knows no torch."""

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

INDEX = "model_index.json"
# In bytes. Those of real pipelines have some hundreds.
LARGEST_INDEX = 1_000_000
# A list of weights that are in several files; of the largest models it has some megabytes.
SHARDS = ".safetensors.index.json"
LARGEST_SHARDS = 100_000_000

# {(path, size, modified): SHA-256 of the content}
_hashes: dict[tuple[str, int, int], str] = {}


class CheckpointError(Exception):
    """A checkpoint cannot be used; the message says which, why, and what to do."""


class CheckpointNotFound(CheckpointError):
    """Neither a folder nor the hub has the checkpoint, or not in the revision asked for."""


class CheckpointUnreadable(CheckpointError):
    """The checkpoint is there, but its files are not a whole pipeline."""


def read_index(folder: Path) -> dict[str, Any]:
    """The folder's model_index.json, which names the pipeline's class and its parts.

    It is small and tells whether the folder is a checkpoint at all, so it is read before anything else.
    Raises CheckpointUnreadable.
    """
    index = _read_json(folder / INDEX, LARGEST_INDEX)
    if index is None:
        raise CheckpointUnreadable(
            f"The folder {str(folder)!r} has no {INDEX}: it is not a diffusers pipeline."
        )
    if not isinstance(index.get("_class_name"), str):
        raise CheckpointUnreadable(
            f"The {INDEX} in {str(folder)!r} does not name a pipeline of diffusers; code of a checkpoint's "
            "own is not run."
        )
    for name, value in index.items():
        # A part is a folder of its name: another name could lead anywhere.
        if isinstance(value, list) and not name.isidentifier():
            raise CheckpointUnreadable(f"The {INDEX} in {str(folder)!r} has a part with the name {name!r}.")
    return index


def folder_revision(folder: Path) -> str:
    """SHA-256, in hexadecimal, over the names and contents of all files of a folder, but hidden ones.

    Contents are read again only when a file's size or time of modification has changed. Raises
    CheckpointUnreadable.
    """
    digest = hashlib.sha256()
    for path in visible_files(folder):
        try:
            content = _content_hash(path)
        except OSError as error:
            raise CheckpointUnreadable(f"{str(path)!r} cannot be read: {error.strerror}.") from error
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def visible_files(folder: Path) -> list[Path]:
    """All files of a folder but hidden ones, in the order in which they are hashed. Raises
    CheckpointUnreadable if it holds anything that would be loaded and not hashed, or waited for."""
    files = []
    for path in everything_in(folder):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        try:
            mode = path.stat().st_mode
        except OSError as error:
            raise CheckpointUnreadable(f"{str(path)!r} cannot be read: {error.strerror}.") from error
        if stat.S_ISREG(mode):
            files.append(path)
        elif not stat.S_ISDIR(mode):
            raise CheckpointUnreadable(f"{str(path)!r} is neither a file nor a folder.")
        elif path.is_symlink():
            raise CheckpointUnreadable(
                f"{str(path)!r} is a link to a folder, whose files would not be hashed. Link them instead."
            )
    return files


def everything_in(folder: Path) -> list[Path]:
    """Files, folders and links of a folder and of those in it. Links are not followed."""

    def fail(error: OSError) -> None:
        raise CheckpointUnreadable(f"{str(error.filename)!r} cannot be listed: {error.strerror}.") from error

    return sorted(
        Path(parent, name)
        for parent, folders, files in os.walk(folder, onerror=fail)
        for name in (*folders, *files)
    )


def check_shards(folder: Path) -> None:
    """Lists of weights name files beside them, and no others. Raises CheckpointUnreadable."""
    for path in visible_files(folder):
        if not path.name.endswith(SHARDS):
            continue
        shards = (_read_json(path, LARGEST_SHARDS) or {}).get("weight_map")
        names = shards.values() if isinstance(shards, dict) else [None]
        if any(not isinstance(name, str) or name != os.path.basename(name) for name in names):
            raise CheckpointUnreadable(f"{str(path)!r} names weights that are not files beside it.")


def _read_json(path: Path, largest: int) -> dict[str, Any] | None:
    """None: it is not there. Raises CheckpointUnreadable for anything but a readable file with an object."""
    try:
        # Without waiting: a pipe that nobody writes to would be waited for for ever.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise CheckpointUnreadable(f"{str(path)!r} is not a file.")
            content = file.read(largest + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CheckpointUnreadable(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    if len(content) > largest:
        raise CheckpointUnreadable(f"{str(path)!r} has more than {largest} bytes, which none has.")
    try:
        value = json.loads(content)
    # RecursionError: brackets in brackets in brackets
    except (ValueError, RecursionError) as error:
        raise CheckpointUnreadable(f"{str(path)!r} is not JSON.") from error
    if not isinstance(value, dict):
        raise CheckpointUnreadable(f"{str(path)!r} is not a JSON object.")
    return value


def _content_hash(path: Path) -> str:
    status = path.stat()
    key = (str(path.resolve()), status.st_size, status.st_mtime_ns)
    if key not in _hashes:
        with path.open("rb") as file:
            _hashes[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _hashes[key]
