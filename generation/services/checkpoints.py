"""Name checkpoints."""

from pathlib import Path

from django.conf import settings

from generation.errors import RunError
from generation.models import Checkpoint

DEMO = "demo"


def find_or_create_demo_checkpoint() -> Checkpoint:
    """The checkpoint that needs no download: the worker builds it when it first needs it."""
    folder = settings.VAR_FOLDER / "checkpoints" / "tiny"
    checkpoint, _ = Checkpoint.objects.get_or_create(name=DEMO, defaults={"source": str(folder)})
    return checkpoint


def find_or_create_checkpoint(*, name_or_source: str) -> Checkpoint:
    """A known checkpoint by its name or source; else a new one for a hub id or a folder. Raises RunError.

    Whether the hub or the worker's disk has it, the worker finds out. A folder that is here is kept with its
    whole path, since workers run elsewhere.
    """
    folder = Path(name_or_source).expanduser()
    source = str(folder.resolve()) if folder.is_dir() else name_or_source
    known = (
        Checkpoint.objects.filter(name=name_or_source).first()
        or Checkpoint.objects.filter(source=source, revision="").first()
    )
    if known:
        return known
    if name_or_source == DEMO:
        return find_or_create_demo_checkpoint()
    if "/" not in source:
        names = ", ".join(Checkpoint.objects.values_list("name", flat=True)) or "none yet"
        raise RunError(
            f"There is no checkpoint named {name_or_source!r} (known: {names}), and it is neither a "
            "hub id such as stabilityai/stable-diffusion-2-base nor a folder."
        )
    return Checkpoint.objects.create(name=_free_name(source), source=source)


def _free_name(source: str) -> str:
    """The source itself, or the end of it where it is too long for a name or taken."""
    longest = Checkpoint._meta.get_field("name").max_length
    if len(source) > Checkpoint._meta.get_field("source").max_length:
        raise RunError(f"The checkpoint's address is too long: {len(source)} characters.")
    if len(source) > longest:
        source = f"…{source[1 - longest :]}"
    if Checkpoint.objects.filter(name=source).exists():
        raise RunError(
            f"There is another checkpoint named {source!r}; "
            "add this one in the admin under a name of its own."
        )
    return source
