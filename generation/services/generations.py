"""The life of a generation: claimed by a worker, kept alive by its reports, finished or failed once."""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import Case, F, IntegerField, Q, QuerySet, When
from django.utils import timezone

from generation.models import Generation, GenerationRun
from generation.services.storage import save_all

State = Generation.State


@dataclass(frozen=True)
class GenerationResult:
    """What a worker made of one generation."""

    image: bytes  # a PNG
    heat_maps: bytes  # as written by GlobalHeatMap.save
    width: int
    height: int
    checkpoint_revision: str
    versions: dict[str, Any]
    seconds: float


@dataclass
class Batch:
    """Generations of one run that a worker has under one claim."""

    run: GenerationRun
    claim: uuid.UUID = field(default_factory=uuid.uuid4)
    generations: list[Generation] = field(default_factory=list)

    @property
    def LEASE(self) -> timedelta:
        return Generation.LEASE

    def __str__(self) -> str:
        return f"generation {', '.join(str(generation.pk) for generation in self.generations)}"

    def __len__(self) -> int:
        return len(self.generations)

    def __iter__(self) -> Iterator[Generation]:
        return iter(self.generations)

    def renew(self) -> bool:
        """Report that the worker is alive; the sweep need not tell anybody else of the run. False if none of
        them is this worker's any more."""
        self.run.mark_poked()
        return bool(self._mine().update(lease_expires_at=timezone.now() + self.LEASE))

    def mark_loaded(self, revision: str) -> bool:
        """Write down that the checkpoint was loaded, whatever happens to the worker from now on."""
        return bool(self._mine().update(checkpoint_revision=revision))

    def fail(self, error: str) -> int:
        return sum(generation.fail(error) for generation in self.generations)

    def _mine(self) -> QuerySet[Generation]:
        return Generation.objects.filter(claim=self.claim, state=State.RUNNING)


def claim_generations(*, run: GenerationRun, limit: int) -> Batch:
    """Claim up to `limit` generations of the run for one worker.

    One that took its worker down before comes last and alone, so that it cannot take others with it again;
    after MAX_ATTEMPTS times it fails instead. One whose worker died before the checkpoint was loaded comes
    first, since each of the others would meet the same: when it fails, so does everything that waits.
    """
    batch = Batch(run)
    claimed = batch.generations
    # Read in small lists: SQLite refuses to write while rows are read that another worker has changed since.
    while waiting := list(_by_risk(run)[: limit - len(claimed)]):
        for generation in waiting:
            if claimed and (generation.attempts or claimed[0].attempts > 1):
                return batch
            if generation.take(batch.claim):
                claimed.append(generation)
            elif generation.state == State.FAILED and not generation.checkpoint_revision:
                fail_claimable(run=run, error=_cannot_be_loaded(generation))
    return batch


def _by_risk(run: GenerationRun) -> QuerySet[Generation]:
    died_loading = Q(attempts__gt=0, checkpoint_revision="")
    risk = Case(When(died_loading, then=-F("attempts")), default=F("attempts"), output_field=IntegerField())
    return run.generations.claimable().order_by(risk, "pk")


def _cannot_be_loaded(generation: Generation) -> str:
    return (
        f"The checkpoint {generation.run.checkpoint_name!r} could not be loaded: the worker stopped "
        f"{Generation.MAX_ATTEMPTS} times while it loaded it (killed, or out of memory?). Look into the "
        "workers' log, then try again."
    )


def fail_claimable(*, run: GenerationRun, error: str) -> int:
    """Mark everything failed that no worker has in hand; return how many generations."""
    return run.generations.fail_claimable(error)


def folder_of(run_id: int) -> str:
    """Where a run's files lie in the storage."""
    return f"generations/{run_id}"


def finish_generation(*, generation: Generation, result: GenerationResult) -> bool:
    """Store the files, then the row; False, and nothing kept, if it is no longer this worker's. Raises
    `storage_errors()`."""
    folder = folder_of(generation.run_id)
    stem = f"{generation.pk}-{generation.claim.hex[:8] if generation.claim else 'lost'}"
    image, heat_maps = save_all(
        {f"{folder}/{stem}.png": result.image, f"{folder}/{stem}.npz": result.heat_maps}
    )
    stored = generation.mark_made(
        image=image,
        heat_maps=heat_maps,
        image_sha256=hashlib.sha256(result.image).hexdigest(),
        heat_maps_sha256=hashlib.sha256(result.heat_maps).hexdigest(),
        width=result.width,
        height=result.height,
        checkpoint_revision=result.checkpoint_revision,
        versions=result.versions,
        seconds=result.seconds,
    )
    if not stored:
        default_storage.delete(image)
        default_storage.delete(heat_maps)
    return stored
