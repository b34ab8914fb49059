"""What the processes of test_checkpoint_contest.py do, by `manage.py shell`: a checkpoint is changed while a
run is being made with it, the one a moment before the other."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

from django.db import connection, transaction

from generation.errors import CheckpointRefusedError
from generation.models import Checkpoint, GenerationRun, PromptSet
from generation.services.checkpoints import save_checkpoint
from generation.services.runs import create_run
from tests.factories import make_prompt_set

SECONDS = 0.2  # the second one is at it by then, and waits if it has to


def compete() -> None:
    """Print, for either order, what the run keeps, what the checkpoint is in the end, and what was said."""
    prompt_set = make_prompt_set([("a cat", [])])
    print(json.dumps([_compete(prompt_set, run_first=run_first) for run_first in (True, False)]))


def _compete(prompt_set: PromptSet, *, run_first: bool) -> list[str]:
    checkpoint = Checkpoint.objects.create(name=f"run first: {run_first}", source="owner/old")
    seen_by_the_form = Checkpoint.objects.get(pk=checkpoint.pk)

    def make() -> None:
        create_run(name=checkpoint.name, prompt_set=prompt_set, checkpoint=checkpoint)

    def change() -> None:
        seen_by_the_form.source = "owner/new"
        save_checkpoint(checkpoint=seen_by_the_form)

    said = _overlap(*((make, change) if run_first else (change, make)))
    run = GenerationRun.objects.get(checkpoint=checkpoint)
    checkpoint.refresh_from_db()
    return [run.checkpoint_source, checkpoint.source, said]


def _overlap(first: Callable[[], None], second: Callable[[], None]) -> str:
    """The second begins before the first is written down; what was said to the second."""
    begun = Event()

    def keep_open() -> None:
        with closing(connection), transaction.atomic():
            first()
            begun.set()
            time.sleep(SECONDS)

    def follow() -> str:
        with closing(connection):
            assert begun.wait(timeout=60)
            try:
                second()
            except CheckpointRefusedError as error:
                return str(error)
            return ""

    with ThreadPoolExecutor(2) as threads:
        held, said = threads.submit(keep_open), threads.submit(follow)
        held.result()
        return said.result()
