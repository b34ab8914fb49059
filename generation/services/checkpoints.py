"""Name checkpoints, and make sure that the demo's is there."""

from django.conf import settings

from generation.errors import RunError
from generation.models import Checkpoint

DEMO = "demo"


def ensure_demo_checkpoint() -> Checkpoint:
    """The checkpoint that needs no download: a tiny pipeline with random weights, built on first use."""
    from generation.demo.tiny import build_tiny_checkpoint  # imports torch: not for the web process

    folder = settings.VAR_FOLDER / "checkpoints" / "tiny"
    if not (folder / "model_index.json").exists():
        build_tiny_checkpoint(folder)
    checkpoint, _ = Checkpoint.objects.get_or_create(name=DEMO, defaults={"source": str(folder)})
    return checkpoint


def find_or_create_checkpoint(*, name_or_source: str) -> Checkpoint:
    """A known checkpoint by its name or source; else a new one for a hub id or a folder. Raises RunError."""
    known = (
        Checkpoint.objects.filter(name=name_or_source).first()
        or Checkpoint.objects.filter(source=name_or_source, revision="").first()
    )
    if known:
        return known
    if name_or_source == DEMO:
        return ensure_demo_checkpoint()
    if "/" not in name_or_source:
        names = ", ".join(Checkpoint.objects.values_list("name", flat=True)) or "none yet"
        raise RunError(
            f"There is no checkpoint named {name_or_source!r} (known: {names}), and it is neither a hub id such as "
            "stabilityai/stable-diffusion-2-base nor a folder."
        )
    return Checkpoint.objects.create(name=name_or_source[-100:], source=name_or_source)
