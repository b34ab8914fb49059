"""Imports that are asked for, cancelled, and tried again: their rows, and the files that they are of."""

import logging
import uuid

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from daamweb.projects.models import Action, Project
from daamweb.projects.services.events import Actor, record
from generation.errors import PromptSetError
from generation.models import Import, PromptSet
from generation.services.prompt_sets import check_new_name, name_is_taken
from generation.services.storage import remove_what_can_be, storage_errors

logger = logging.getLogger(__name__)


def request_import(
    *,
    project: Project,
    name: str,
    content: bytes | None,
    file_name: str,
    format: str = "auto",
    skip_invalid: bool = False,
    by: Actor = None,
) -> Import:
    """An import for workers to find, of the file that is stored; its set is there, and not whole. Raises
    PromptSetError."""
    check_new_name(project, name)
    # The row comes first: a file that no row names would stay for ever.
    file = "" if content is None else f"imports/{uuid.uuid4().hex}"
    try:
        with transaction.atomic():
            prompt_set = PromptSet.objects.create(
                project=project, name=name, origin=format, recipe={"file": file_name},
                parse_state=PromptSet.ParseState.IMPORTING,
            )  # fmt: skip
            row = Import.objects.create(
                project=project, prompt_set=prompt_set, name=name, file_name=file_name[:255], format=format,
                skip_invalid=skip_invalid, file=file, asked_by=by if isinstance(by, User) else None,
                # Whoever asks carries it out, or tells a worker; the sweep waits for a lease.
                poked_at=timezone.now(),
            )  # fmt: skip
    except IntegrityError as error:
        raise name_is_taken(name) from error
    if content is not None:
        _store_file(row, content)
    return row


def _store_file(row: Import, content: bytes) -> None:
    """Outside of the transaction. Where it cannot be stored, nothing was asked for. Raises PromptSetError."""
    is_stored = False
    try:
        name = default_storage.save(row.file.name, ContentFile(content))
        if name != row.file.name:
            row.file.name = name
            Import.objects.filter(pk=row.pk).update(file=name)
        is_stored = True
    except storage_errors() as error:
        logger.exception("The file of import %s could not be stored.", row.pk)
        reason = getattr(error, "strerror", "") or type(error).__name__
        raise PromptSetError(
            f"The file could not be stored ({reason}), and nothing was imported. Tell whoever runs the site, "
            "or try again later."
        ) from error
    finally:
        if not is_stored:
            _take_back(row)


def _take_back(row: Import) -> None:
    """The file first: a part of it may be there, which nobody would find without its row."""
    remove_what_can_be([str(row.file.name)])
    PromptSet.objects.filter(made_by_import=row.pk).delete()
    Import.objects.filter(pk=row.pk).delete()


def cancel_import(row: Import, *, by: Actor) -> bool:
    """What was stored by now is removed afterwards, by the job that is told of it."""
    with transaction.atomic():
        cancelled = row.cancel()
        if cancelled:
            details = {"what": "import", "done": row.done}
            record(Action.CANCELLED, subject=row, project=row.project, by=by, details=details)
    return cancelled


def retry_import(row: Import, *, by: Actor) -> bool:
    """Go on behind what is stored; False if nothing is to be gone on with."""
    with transaction.atomic():
        queued = row.requeue()
        if queued:
            record(Action.RETRIED, subject=row, project=row.project, by=by, details={"done": row.done})
    return queued
