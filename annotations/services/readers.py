"""Who read a study's texts stands for those that were read, and for no others."""

from typing import Any

from annotations.models import Study, StudyText
from daamweb.projects.services.editing import store_edit
from daamweb.projects.services.events import Actor

READ = ("language", "title", "consent", "instructions", "pay", "wordings")


def as_read(row: Study | StudyText) -> dict[str, Any]:
    """What whoever read it stands for, and who that is."""
    return {name: getattr(row, name) for name in (*READ, "reviewed_by")}


def ask_for_reader(*, locked: Study | StudyText, before: dict[str, Any], by: Actor) -> None:
    """After an edit that left something new to read, and gave no other name: nobody has read that yet."""
    now = as_read(locked)
    is_new = any(now[name] and now[name] != before[name] for name in READ)
    if is_new and now["reviewed_by"] == before["reviewed_by"]:
        store_edit(locked=locked, typed={"reviewed_by": ""}, shown=None, by=by)
