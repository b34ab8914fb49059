"""Where the weights of a checkpoint may come from: a repository on the hub, or a folder below one of those
that CHECKPOINT_ROOTS lists.

What a source is, its text alone says, so that it is the same on every machine: `owner/name` is a repository,
whatever folders are there, anything else a folder. Nothing outside the roots is opened, and what is said of
it is the same whether it exists or not."""

import os
import re
from pathlib import Path

from django.conf import settings

from daamweb.names import name_problem
from generation.daam.checkpoint_folders import (
    INDEX,
    CheckpointUnreadable,
    everything_in,
    read_index,
    visible_files,
)
from generation.errors import CheckpointRefusedError
from generation.models import Checkpoint

# As the hub has them: letters, digits and marks between them.
_HUB_ID = re.compile(r"[A-Za-z0-9](?:[\w.-]*\w)?/[A-Za-z0-9](?:[\w.-]{0,94}\w)?", re.ASCII)
_NOT_ON_THE_HUB = ("--", "..")


def check_source(source: str) -> None:
    """For a source that somebody names: refuses what no worker will load. A folder below the roots that is
    not on this machine may be on a worker's. Raises CheckpointRefusedError."""
    if checkpoint_folder(source) is not None:
        return
    folder = _real_path(settings.BASE_DIR / source)
    if is_below_roots(folder) and folder.is_dir():
        raise CheckpointRefusedError(
            f"{source!r} is taken for the id of a hub repository. For the folder, write {f'./{source}'!r}."
        )


def checkpoint_folder(source: str) -> Path | None:
    """The folder that a source means, by its real path; None if it is the id of a hub repository. A relative
    path is one in the project's folder, wherever this machine has it.

    The folder may not be there; if it is, nothing in it leads out of the roots, and it has a
    model_index.json. Raises CheckpointRefusedError.
    """
    check_text(source)
    if is_hub_id(source):
        return None
    named = settings.BASE_DIR / source
    folder = _real_path(named)
    # What /proc leads to is another place for every process.
    if ".." in named.parts or named.parts[1:2] == ("proc",) or not is_below_roots(folder):
        raise _outside(source)
    if os.path.lexists(folder):
        _look_into(folder)
    return folder


def check_text(source: str) -> None:
    """Raises CheckpointRefusedError for what cannot be stored, shown on one line or be anybody's path."""
    if name_problem(source, longest=Checkpoint.LONGEST_SOURCE):
        raise CheckpointRefusedError(
            "The source of a checkpoint is one line of text without control characters, of "
            f"{Checkpoint.LONGEST_SOURCE} characters at most. A folder with another path has to be renamed."
        )


def is_hub_id(source: str) -> bool:
    return bool(_HUB_ID.fullmatch(source)) and not any(part in source for part in _NOT_ON_THE_HUB)


def is_below_roots(path: Path) -> bool:
    """Whether a real path is that of a root or of something in one."""
    return any(path.is_relative_to(_real_path(root)) for root in settings.CHECKPOINT_ROOTS)


def _look_into(folder: Path) -> None:
    """The index first: of a folder that is something else, nothing more is read. What a link leads to is
    looked at only if that is below the roots."""
    if not folder.is_dir():
        raise CheckpointRefusedError(
            f"{str(folder)!r} is not a folder. A checkpoint is a folder with {INDEX}."
        )
    _check_link(folder / INDEX)
    try:
        read_index(folder)
        for path in everything_in(folder):
            _check_link(path)
        visible_files(folder)
    except CheckpointUnreadable as error:
        raise CheckpointRefusedError(str(error)) from error


def _check_link(path: Path) -> None:
    if path.is_symlink() and not is_below_roots(_real_path(path)):
        raise CheckpointRefusedError(
            f"{str(path)!r} is a link that leads out of the folders that CHECKPOINT_ROOTS lists. Put there "
            "what it leads to, or add the folder of that to CHECKPOINT_ROOTS."
        )


def _real_path(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _outside(source: str) -> CheckpointRefusedError:
    return CheckpointRefusedError(
        f"{source!r} is neither the id of a hub repository, such as stabilityai/stable-diffusion-2-base, nor "
        "a folder below one of those that CHECKPOINT_ROOTS lists; links are followed, and “..” is refused. "
        "Put the folder there, or add it to CHECKPOINT_ROOTS where the site and its workers are started."
    )
