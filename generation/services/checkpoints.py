"""Name checkpoints, add them, and change those that no run was made with."""

import os
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from daamweb.projects.models import Action
from daamweb.projects.services.editing import store_edit
from daamweb.projects.services.events import Actor, record
from daamweb.projects.shown import Shown
from generation.errors import CheckpointRefusedError
from generation.models import Checkpoint, GenerationRun
from generation.services.checkpoint_sources import check_source, check_text, is_below_roots, is_hub_id

DEMO = "demo"
# Relative to the project's folder, which every worker has somewhere else; and frozen plans name it.
DEMO_SOURCE = "generation/demo/checkpoint"


@transaction.atomic
def find_or_create_demo_checkpoint(*, by: Actor = None) -> Checkpoint:
    """The checkpoint that comes with the project. Raises CheckpointRefusedError if another one has its name,
    or CHECKPOINT_ROOTS leaves its folder out."""
    check_source(DEMO_SOURCE)
    checkpoint, is_new = Checkpoint.objects.get_or_create(name=DEMO, defaults={"source": DEMO_SOURCE})
    if is_new:
        record(Action.MADE, subject=checkpoint, project=None, by=by)
    if checkpoint.source != DEMO_SOURCE:
        raise CheckpointRefusedError(
            f"The checkpoint named {DEMO!r} is {checkpoint.source}, not the one that comes with the project "
            f"({DEMO_SOURCE}). Give it another name in the admin."
        )
    return checkpoint


def find_or_create_checkpoint(*, name_or_source: str, by: Actor = None) -> Checkpoint:
    """A known checkpoint by its name or source; else a new one for a hub id or a folder below the roots.
    Raises CheckpointRefusedError.

    Whether the hub or the worker's disk has it, the worker finds out. A folder that is here is kept with its
    whole path, since workers run elsewhere, but for the demo checkpoint's, which is theirs too.
    """
    check_text(name_or_source)
    source = _source_here(name_or_source)
    if name_or_source == DEMO or settings.BASE_DIR / source == settings.BASE_DIR / DEMO_SOURCE:
        return find_or_create_demo_checkpoint(by=by)
    known = Checkpoint.objects.filter(name=name_or_source).first()
    if known:
        return known
    if "/" not in source:
        names = ", ".join(Checkpoint.objects.values_list("name", flat=True)) or "none yet"
        raise CheckpointRefusedError(
            f"There is no checkpoint named {name_or_source!r} (known: {names}), and it is neither a hub id "
            "such as stabilityai/stable-diffusion-2-base nor a folder below one of those that "
            "CHECKPOINT_ROOTS lists."
        )
    check_source(source)
    known = Checkpoint.objects.filter(source=source, revision="").first()
    return known or save_checkpoint(checkpoint=Checkpoint(name=_free_name(source), source=source), by=by)


def _source_here(text: str) -> str:
    """The whole path of what is a folder where the command was called, if it lies below the roots."""
    if is_hub_id(text) or ".." in Path(text).parts:
        return text
    folder = Path(os.path.realpath(text))
    return str(folder) if is_below_roots(folder) and folder.is_dir() else text


def _free_name(source: str) -> str:
    """The source itself, or the end of it where it is too long for a name."""
    longest = Checkpoint.LONGEST_NAME
    if len(source) > longest:
        source = f"…{source[1 - longest :]}"
    if Checkpoint.objects.filter(name=source).exists():
        raise CheckpointRefusedError(
            f"There is another checkpoint named {source!r}; "
            "add this one in the admin under a name of its own."
        )
    return source


@transaction.atomic
def save_checkpoint(*, checkpoint: Checkpoint, shown: Shown | None = None, by: Actor = None) -> Checkpoint:
    """Write down a new checkpoint, or what was changed of one that no run was made with; `shown` is how it
    was when a form was made of it. Raises CheckpointRefusedError; where it was changed, as
    `editing.edit_row` does."""
    check_source(checkpoint.source)
    try:
        checkpoint.full_clean()
    except ValidationError as error:
        raise CheckpointRefusedError(" ".join(error.messages)) from error
    try:
        with transaction.atomic():
            if checkpoint.pk is None:
                checkpoint.save(force_insert=True)
                record(Action.MADE, subject=checkpoint, project=None, by=by)
            else:
                _change_unused(checkpoint, shown, by)
    except IntegrityError as error:
        raise CheckpointRefusedError(
            f"There is a checkpoint named {checkpoint.name!r} already; choose another name."
        ) from error
    return checkpoint


def _change_unused(checkpoint: Checkpoint, shown: Shown | None, by: Actor) -> None:
    """Locked first: a run that is being made with it is either seen here, or copies what is written here."""
    locked = lock_checkpoint(checkpoint)
    if GenerationRun.objects.filter(checkpoint=locked).exists():
        raise CheckpointRefusedError(Checkpoint.IN_USE)
    typed = {name: getattr(checkpoint, name) for name in Checkpoint.KEPT}
    store_edit(locked=locked, typed=typed, shown=shown, by=by)


def lock_checkpoint(checkpoint: Checkpoint) -> Checkpoint:
    """As it is now, and stays until the transaction ends. Raises CheckpointRefusedError if it is gone."""
    try:
        return Checkpoint.objects.select_for_update(no_key=True).get(pk=checkpoint.pk)
    except Checkpoint.DoesNotExist as error:
        raise CheckpointRefusedError(f"The checkpoint {checkpoint.name!r} has been deleted.") from error
