"""The life of a generation: claimed by a worker, kept alive by its reports, finished or failed once."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from generation.models import Generation, GenerationRun

State = Generation.State
TOO_MANY_ATTEMPTS = (
    f"The worker stopped {Generation.MAX_ATTEMPTS} times while making this image (out of memory, or "
    "killed?). Look into its log, then retry."
)


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


def claim_generations(*, run: GenerationRun, limit: int) -> tuple[uuid.UUID, list[Generation]]:
    """Claim up to `limit` generations of the run for one worker; the UUID is its claim.

    One that took its worker down before comes last and alone, so that it cannot take others with it again;
    after MAX_ATTEMPTS times it is marked failed instead.
    """
    claim = uuid.uuid4()
    claimed: list[Generation] = []
    # Read in small lists: SQLite refuses to write while rows are read that another worker has changed since.
    while waiting := list(run.generations.claimable().order_by("attempts", "pk")[: limit - len(claimed)]):
        for generation in waiting:
            if claimed and generation.attempts:
                return claim, claimed
            if not generation.take(claim):
                continue
            generation.refresh_from_db()
            if generation.attempts > Generation.MAX_ATTEMPTS:
                generation.mark_failed(claim, TOO_MANY_ATTEMPTS)
                continue
            claimed.append(generation)
    return claim, claimed


def fail_claimable(*, run: GenerationRun, error: str) -> int:
    """Mark everything failed that no worker has in hand; return how many generations."""
    return run.generations.fail_claimable(error)


def renew_leases(*, claim: uuid.UUID) -> int:
    """Report that the worker is alive; return how many generations it still holds."""
    return Generation.objects.filter(claim=claim, state=State.RUNNING).update(
        lease_expires_at=timezone.now() + settings.GENERATION_LEASE
    )


def folder_of(run_id: int) -> str:
    """Where a run's files lie in the storage."""
    return f"generations/{run_id}"


def finish_generation(*, generation: Generation, claim: uuid.UUID, result: GenerationResult) -> bool:
    """Store the files, then the row; False, and nothing kept, if it is no longer this worker's."""
    folder = folder_of(generation.run_id)
    stem = f"{generation.pk}-{claim.hex[:8]}"
    image = default_storage.save(f"{folder}/{stem}.png", ContentFile(result.image))
    heat_maps = default_storage.save(f"{folder}/{stem}.npz", ContentFile(result.heat_maps))
    stored = Generation.objects.filter(pk=generation.pk, state=State.RUNNING, claim=claim).update(
        state=State.SUCCEEDED,
        claim=None,
        lease_expires_at=None,
        error="",
        image=image,
        heat_maps=heat_maps,
        image_sha256=hashlib.sha256(result.image).hexdigest(),
        heat_maps_sha256=hashlib.sha256(result.heat_maps).hexdigest(),
        width=result.width,
        height=result.height,
        checkpoint_revision=result.checkpoint_revision,
        versions=result.versions,
        seconds=result.seconds,
        finished_at=timezone.now(),
    )
    if not stored:
        default_storage.delete(image)
        default_storage.delete(heat_maps)
    return bool(stored)
