"""What Django's system check, which every command runs, says about this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning

OTHERS = 0o077  # the rights of everybody but the owner


def check_files(**_: Any) -> list[CheckMessage]:
    """New files are their owner's alone; what was there before is not changed behind anybody's back."""
    return [
        Warning(
            f"Others on this machine may get at {path}, which holds answers, pictures or secrets.",
            hint=f"Take their rights away: chmod -R go= '{path}'",
            id="daamweb.W001",
        )
        for path in _kept_files()
        if path.stat().st_mode & OTHERS
    ]


def _kept_files() -> Iterator[Path]:
    """Where things are kept, if they are there. What is inside VAR_FOLDER is behind its door."""
    database = settings.DATABASES["default"]
    files = [settings.BASE_DIR / ".env", Path(settings.MEDIA_ROOT)]
    if database["ENGINE"].endswith("sqlite3"):
        files.append(Path(database["NAME"]))
    var = Path(settings.VAR_FOLDER)
    outside = [path for path in files if not path.is_relative_to(var)]
    yield from (path for path in (var, *outside) if path.exists())
