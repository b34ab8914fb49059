"""From the name of a checkpoint to a pipeline, loaded once per process; torch comes with the first one."""

import inspect
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generation.daam.checkpoint_folders import (
    CheckpointNotFound,
    CheckpointUnreadable,
    check_shards,
    folder_revision,
    read_index,
)
from generation.daam.schedulers import DEFAULT_SCHEDULER, scheduler_choice

_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


@dataclass(frozen=True)
class LoadedCheckpoint:
    """A pipeline ready to generate.

    pipeline: a diffusers pipeline, on its device, without progress bar and safety checker.
    revision: what exactly was loaded: the commit (40 hexadecimal digits) of a hub's snapshot, or the SHA-256
        (64) of a folder's files.
    """

    pipeline: Any
    revision: str


@dataclass(frozen=True)
class _Cached:
    key: tuple[str, ...]
    checkpoint: LoadedCheckpoint
    trained_with: dict[str, Any]  # the configuration of the checkpoint's own scheduler


_lock = threading.Lock()
# one at a time: two pipelines rarely fit a GPU
_cached: _Cached | None = None


def load_pipeline(
    source: str,
    *,
    from_hub: bool | None = None,
    revision: str | None = None,
    scheduler: str = DEFAULT_SCHEDULER,
    device: str | None = None,
    dtype: str | None = None,
) -> LoadedCheckpoint:
    """The pipeline of a checkpoint, from this process's memory if it was the last one asked for.

    It is one object for all callers, so no two threads may generate with it at once.

    source: a local folder in diffusers' format, or the id of a repository on the Hugging Face hub. Only
        safetensors weights are read, and no code of the checkpoint's own is run.
    from_hub: True: the id of a repository, even if a folder here has that name; False: a folder; by default a
        folder if there is one.
    revision: of a hub repository, a branch, tag or commit; of a folder, the SHA-256 that it must have.
    scheduler: a name in `schedulers.SCHEDULERS`; each call starts again from the checkpoint's own
        configuration.
    device: by default the GPU if there is one ("cuda", "mps"), else "cpu".
    dtype: "float32", "float16" or "bfloat16"; by default float16 on CUDA, float32 elsewhere.

    Raises CheckpointNotFound, CheckpointUnreadable (both CheckpointError); ValueError for an unknown
    scheduler or dtype.
    """
    global _cached
    import torch

    choice = scheduler_choice(scheduler)
    device = device or _best_device()
    dtype = dtype or ("float16" if device.startswith("cuda") else "float32")
    if dtype not in ("float32", "float16", "bfloat16"):
        raise ValueError(f"The dtype is one of float32, float16, bfloat16, not {dtype!r}.")
    with _lock:
        found, exact_revision = _find(source, from_hub, revision)
        key = (str(found), exact_revision, device, dtype)
        if _cached is None or _cached.key != key:
            _cached = None  # its memory is needed for the next one
            pipeline = _read(found, getattr(torch, dtype)).to(device)
            trained_with = dict(pipeline.scheduler.config)
            _cached = _Cached(key, LoadedCheckpoint(pipeline, exact_revision), trained_with)
        _cached.checkpoint.pipeline.scheduler = choice.make(_cached.trained_with)
        return _cached.checkpoint


def _find(source: str, from_hub: bool | None, revision: str | None) -> tuple[Path, str]:
    """The folder that holds the checkpoint's files, and its exact revision."""
    folder = Path(source).expanduser()
    if source and not from_hub and folder.is_dir():
        read_index(folder)
        actual = folder_revision(folder)
        if revision not in (None, actual):
            raise CheckpointNotFound(
                f"The folder {source!r} does not hold the revision {revision}, but {actual}: "
                "its files have changed."
            )
        return folder, actual
    if from_hub is False:
        raise CheckpointNotFound(f"There is no folder {source!r} here.")
    snapshot = _download(source, from_hub, revision)
    read_index(snapshot)
    return snapshot, snapshot.name


def _download(source: str, from_hub: bool | None, revision: str | None) -> Path:
    if not _HUB_ID.fullmatch(source):
        raise CheckpointNotFound(
            f"There is no folder {source!r}, and it cannot be the id of a hub repository."
        )
    from diffusers import DiffusionPipeline
    from httpx import HTTPError
    from huggingface_hub.errors import (
        CachedRepoTreeNotFoundError,
        EntryNotFoundError,
        RevisionResolutionError,
    )

    hub_errors = (CachedRepoTreeNotFoundError, EntryNotFoundError, RevisionResolutionError, HTTPError)
    try:
        return Path(DiffusionPipeline.download(source, revision=revision, use_safetensors=True))
    # the hub's other errors are OSErrors or ValueErrors
    except (OSError, ValueError, *hub_errors) as error:
        raise CheckpointNotFound(
            f"{'The' if from_hub else f'There is no folder {source!r} here, and the'} hub did not give a "
            f"repository named {source!r}"
            f"{f' in the revision {revision!r}' if revision else ''}: {_first_line(error)}"
        ) from error


def _read(folder: Path, dtype: Any) -> Any:
    import diffusers

    check_shards(folder)
    try:
        parts = _read_models(folder, dtype)
        pipeline = diffusers.DiffusionPipeline.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, **parts
        )
    except _reading_errors() as error:
        raise CheckpointUnreadable(
            f"The checkpoint in {str(folder)!r} cannot be read: {_broken_file(folder) or _first_line(error)}"
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _read_models(folder: Path, dtype: Any) -> dict[str, Any]:
    """The pipeline's networks by name, and what takes the place of a safety checker.

    They are read one by one: as parts of a pipeline they would get random numbers for weights that are
    missing from their files, and nobody would know.
    """
    import diffusers
    import torch
    import transformers

    libraries = {"diffusers": diffusers, "transformers": transformers}
    parts: dict[str, Any] = {}
    for name, entry in diffusers.DiffusionPipeline.load_config(folder).items():
        if name == "safety_checker":
            # it would turn images black, and a study would rate these
            parts |= {"safety_checker": None, "requires_safety_checker": False}
        elif isinstance(entry, list) and entry[0] in libraries:
            part_class: Any = getattr(libraries[entry[0]], entry[1], None)
            if torch.nn.Module in inspect.getmro(part_class or object):
                parts[name], info = part_class.from_pretrained(
                    folder / name, dtype=dtype, use_safetensors=True, output_loading_info=True
                )
                if info["missing_keys"]:
                    raise ValueError(f"{name} lacks the weights {', '.join(sorted(info['missing_keys']))}")
    return parts


def _reading_errors() -> tuple[type[Exception], ...]:
    """What diffusers, transformers and safetensors raise for damaged or missing files."""
    from safetensors import SafetensorError

    return (
        SafetensorError,
        OSError,
        ValueError,
        RuntimeError,
        KeyError,
        TypeError,
        AttributeError,
        ImportError,
    )


def _broken_file(folder: Path) -> str | None:
    """Which safetensors file is damaged, and how: transformers' errors do not name it."""
    from safetensors import SafetensorError, safe_open

    for path in sorted(folder.rglob("*.safetensors")):
        try:
            with safe_open(path, framework="np"):
                pass
        except (SafetensorError, OSError) as error:
            return f"{path.relative_to(folder)}: {_first_line(error)}"
    return None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _best_device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
