"""Name checkpoints."""

from pathlib import Path

from django.conf import settings

from generation.errors import RunError
from generation.models import Checkpoint

DEMO = "demo"
# Relative to the project's folder, which every worker has somewhere else; and frozen plans name it.
DEMO_SOURCE = "generation/demo/checkpoint"


def find_or_create_demo_checkpoint() -> Checkpoint:
    """The checkpoint that comes with the project. Raises RunError if another one has its name."""
    checkpoint, _ = Checkpoint.objects.get_or_create(name=DEMO, defaults={"source": DEMO_SOURCE})
    if checkpoint.source != DEMO_SOURCE:
        raise RunError(
            f"The checkpoint named {DEMO!r} is {checkpoint.source}, not the one that comes with the project "
            f"({DEMO_SOURCE}). Give it another name in the admin."
        )
    return checkpoint


def find_or_create_checkpoint(*, name_or_source: str) -> Checkpoint:
    """A known checkpoint by its name or source; else a new one for a hub id or a folder. Raises RunError.

    Whether the hub or the worker's disk has it, the worker finds out. A folder that is here is kept with its
    whole path, since workers run elsewhere, but for the demo checkpoint's, which is theirs too.
    """
    folder = Path(name_or_source).expanduser()
    if name_or_source in (DEMO, DEMO_SOURCE) or folder.resolve() == settings.BASE_DIR / DEMO_SOURCE:
        return find_or_create_demo_checkpoint()
    source = str(folder.resolve()) if folder.is_dir() else name_or_source
    known = (
        Checkpoint.objects.filter(name=name_or_source).first()
        or Checkpoint.objects.filter(source=source, revision="").first()
    )
    if known:
        return known
    if "/" not in source:
        names = ", ".join(Checkpoint.objects.values_list("name", flat=True)) or "none yet"
        raise RunError(
            f"There is no checkpoint named {name_or_source!r} (known: {names}), and it is neither a "
            "hub id such as stabilityai/stable-diffusion-2-base nor a folder."
        )
    return Checkpoint.objects.create(name=_free_name(source), source=source)


def lock_checkpoint(checkpoint: Checkpoint) -> Checkpoint:
    """As it is now, and stays until the transaction ends. Raises RunError if it is gone."""
    try:
        return Checkpoint.objects.select_for_update(no_key=True).get(pk=checkpoint.pk)
    except Checkpoint.DoesNotExist as error:
        raise RunError(f"The checkpoint {checkpoint.name!r} has been deleted.") from error


def _free_name(source: str) -> str:
    """The source itself, or the end of it where it is too long for a name or taken."""
    longest = Checkpoint.LONGEST_NAME
    if len(source) > Checkpoint.LONGEST_SOURCE:
        raise RunError(f"The checkpoint's address is too long: {len(source)} characters.")
    if len(source) > longest:
        source = f"…{source[1 - longest :]}"
    if Checkpoint.objects.filter(name=source).exists():
        raise RunError(
            f"There is another checkpoint named {source!r}; "
            "add this one in the admin under a name of its own."
        )
    return source
