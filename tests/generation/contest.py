"""What the processes of test_claims_between_workers.py do, by `manage.py shell`."""

import json
import time
from pathlib import Path

from generation.models import Checkpoint, GenerationRun
from generation.services.generations import claim_generations
from generation.services.runs import create_run, write_images
from tests.factories import make_prompt_set


def set_up(images: int) -> None:
    create_run(
        name="run",
        prompt_set=make_prompt_set([("a cat", [])]),
        checkpoint=Checkpoint.objects.create(name="checkpoint", source="owner/name"),
        seeds=range(images),
    )


def claim_everything(folder: str, name: str) -> None:
    """Claim batch after batch, from the moment on that both workers are there; print the batches."""
    run = GenerationRun.objects.get()
    (Path(folder) / f"{name}.ready").touch()
    while len(list(Path(folder).glob("*.ready"))) < 2:
        time.sleep(0.01)
    write_images(run=run)
    batches = []
    while generations := list(claim_generations(run=run, limit=20)):
        batches.append([generation.pk for generation in generations])
    print(json.dumps(batches))
