"""The files of the broker's messages: whole or not there, read with care, removed when nobody needs them."""

import logging
import os
import shutil
import stat
import time
import uuid
from contextlib import suppress
from pathlib import Path

from daamweb.messages import DamagedError

logger = logging.getLogger(__name__)

# What a process was writing or reading when it was killed; nobody else needs either so much later.
LEFT_OVER_SECONDS = 3600
LEFT_OVERS = ("*/*.part", "*/*.taken")
MOST_BYTES = 1024 * 1024  # a poke has a few hundred


def read_file(path: Path) -> bytes:
    """Whatever lies there: neither a pipe, which would be waited at, nor a file that fills the memory is
    read."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise DamagedError("it is no file")
    if found.st_size > MOST_BYTES:
        raise DamagedError(f"it has {found.st_size} bytes")
    return path.read_bytes()


def write_file(path: Path, text: str) -> None:
    """All of it or nothing."""
    part = path.with_name(f"{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.rename(path)
    except OSError:
        remove(part)
        raise


def remove(path: Path) -> None:
    """Whatever lies there, if something does. That it cannot be removed is a line in the log."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("%s cannot be removed: %s", path, error)


def keep_newest(folder: Path, count: int) -> None:
    """Of all that lies in a folder."""
    with suppress(FileNotFoundError):  # somebody deleted the folder just now
        for old in sorted(folder.iterdir(), key=_written)[:-count]:
            remove(old)


def remove_left_overs(queues: Path) -> None:
    """What killed processes left in the folders of queues.

    A message that waited long and is being taken now is none of it: its last change is the rename. Both times
    are the disk's own; this process may believe another clock.
    """
    try:
        os.utime(queues)
        before = queues.stat().st_ctime - LEFT_OVER_SECONDS
    except FileNotFoundError:  # nobody sent anything yet
        return
    except OSError as error:
        logger.warning("What killed processes left in %s stays there: %s", queues, error)
        return
    for pattern in LEFT_OVERS:
        for path in queues.glob(pattern):
            with suppress(FileNotFoundError):  # somebody was faster to remove it
                if path.lstat().st_ctime < before:
                    remove(path)


def _written(path: Path) -> float:
    """Just now, if somebody else was faster to remove it."""
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return time.time()
