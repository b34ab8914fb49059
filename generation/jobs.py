"""Celery jobs.

Each takes a primary key, may run twice, may die at any line, and is found again by a sweep.
"""

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from daamweb.pokes import poke
from daamweb.projects.services.events import SITE, Actor
from generation.errors import PromptSetError
from generation.models import Generation, GenerationRun, PromptSet
from generation.prompts.parsing import ParserNotFound
from generation.services.runs import mark_poked
from generation.services.words import (
    begin_queued_parse,
    mark_parse_poked,
    parse_prompt_set,
    queue_parse,
    queue_parse_again,
)

logger = logging.getLogger(__name__)

# Workers that can take part in one run at once: every poke is a chain that goes on until nothing is left.
MAX_CHAINS = 32


def start_run(run: GenerationRun) -> None:
    """Poke as many chains as the run has batches, so that every idle worker can take one."""
    waiting = run.generations.claimable().count()
    if not waiting:
        return
    mark_poked(run=run)
    poke(generate_batch, run.pk, times=min(-(-waiting // run.batch_size), MAX_CHAINS))


@shared_task
def generate_batch(run_id: int) -> None:
    """Make one batch of the run's images, then hand the chain on while something is left."""
    from generation.execution import execute_batch

    run = GenerationRun.objects.filter(pk=run_id, project__archived_at=None).first()
    if run is None:
        logger.warning("Run %s was deleted, or its project archived; nothing to generate.", run_id)
        return
    if execute_batch(run) and run.generations.claimable().exists():
        mark_poked(run=run)
        poke(generate_batch, run.pk)


@shared_task
def sweep_generations() -> None:
    """Poke the runs that have something to do and of which nobody has been told for a whole lease."""
    runs = GenerationRun.objects.filter(project__archived_at=None)
    for run in runs.filter(pk__in=Generation.objects.claimable().values("run")):
        if mark_poked(run=run, unless_since=timezone.now() - settings.GENERATION_LEASE):
            poke(generate_batch, run.pk)


def request_parse(prompt_set: PromptSet) -> None:
    """Have a worker parse a set that was just made, with the project's own parser."""
    queue_parse(prompt_set=prompt_set)
    poke(parse_prompts, prompt_set.pk)


def request_parse_again(prompt_set: PromptSet, *, by: Actor) -> None:
    """Have a worker parse it once more."""
    queue_parse_again(prompt_set=prompt_set, by=by)
    poke(parse_prompts, prompt_set.pk)


@shared_task
def parse_prompts(prompt_set_id: int) -> None:
    prompt_set = PromptSet.objects.filter(pk=prompt_set_id, project__archived_at=None).first()
    if prompt_set is None or not begin_queued_parse(prompt_set=prompt_set):
        logger.warning(
            "Prompt set %s was deleted, parsed by another worker, given up, or its project archived.",
            prompt_set_id,
        )
        return
    try:
        parse_prompt_set(prompt_set=prompt_set, by=SITE)
    except (ParserNotFound, PromptSetError):  # the reason is on the prompt set
        logger.exception("Prompt set %s could not be parsed.", prompt_set_id)


@shared_task
def sweep_parses() -> None:
    """Poke the sets that wait for the parser and of which nobody has been told for a whole lease."""
    waiting = PromptSet.objects.filter(parse_state=PromptSet.ParseState.QUEUED, project__archived_at=None)
    for prompt_set in waiting:
        if mark_parse_poked(prompt_set=prompt_set, unless_since=timezone.now() - settings.GENERATION_LEASE):
            poke(parse_prompts, prompt_set.pk)
