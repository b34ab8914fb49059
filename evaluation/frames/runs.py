"""How a run's images were made and how many there are, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotations.services.plans import run_settings
from generation.models import Generation, GenerationRun
from generation.selectors import run_progress


@dataclass(frozen=True)
class RunFacts:
    """settings: of the run, as a study's plan has them, with its name, its prompt set and that set's parser.
    checkpoint: what it was called when the run was made. revisions: of the checkpoint that made the finished
    images; "" is one that nobody knows. images: {"done", "queued", "running", "failed",
    "cancelled": how many}."""

    settings: Mapping[str, Any]
    checkpoint: str
    revisions: tuple[str, ...]
    images: Mapping[str, int]


def read_run(run: GenerationRun) -> RunFacts:
    progress = run_progress(run)
    made = run.generations.filter(state=Generation.State.DONE).order_by()
    return RunFacts(
        settings={
            "name": run.name,
            "prompt_set": run.prompt_set.name,
            "parser": run.prompt_set.parser,
            **run_settings(run),
        },
        checkpoint=run.checkpoint_name,
        revisions=tuple(sorted(set(made.values_list("checkpoint_revision", flat=True).distinct()))),
        images={
            "done": progress.done,
            "queued": progress.queued,
            "running": progress.running,
            "failed": progress.failed,
            "cancelled": progress.cancelled,
        },
    )
