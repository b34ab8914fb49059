"""Celery jobs.

Each takes a primary key, may run twice, may die at any line, and is found again by a sweep.
"""

import logging
from typing import Any

from celery import shared_task
from django.db.models import Q

from daamweb.pokes import poke
from daamweb.projects.models import Project
from daamweb.projects.services.events import SITE, Actor
from daamweb.work.shifts import one_shift
from generation.models import GenerationRun, Import, Parse, PromptSet
from generation.prompts.built import BuiltSet
from generation.services import import_requests, imports, parses
from generation.services.parses import queue_parse, queue_parse_again

logger = logging.getLogger(__name__)

# Workers that can take part in one run at once: every poke is a chain that goes on until nothing is left.
MAX_CHAINS = 32


def start_run(run: GenerationRun) -> None:
    """Poke as many chains as the run has batches, so that every idle worker can take one."""
    waiting = run.generations.claimable().count()
    if not waiting:
        return
    run.mark_poked()
    poke(generate_batch, run, times=min(-(-waiting // run.batch_size), MAX_CHAINS))


@shared_task
def generate_batch(run_id: int) -> None:
    """Make one batch of the run's images, then hand the chain on while something is left."""
    from generation.execution import execute_batch

    run = GenerationRun.objects.filter(pk=run_id, project__archived_at=None, set_aside_at=None).first()
    if run is None:
        logger.warning("Run %s is erased, or its project archived; nothing to generate.", run_id)
        return
    if execute_batch(run) and run.generations.claimable().exists():
        run.mark_poked()
        poke(generate_batch, run)


def request_parse(prompt_set: PromptSet) -> Parse:
    """Have a worker parse a set that was just made, with the project's own parser."""
    return _told(queue_parse(prompt_set=prompt_set))


def request_parse_again(prompt_set: PromptSet, *, by: Actor) -> Parse:
    """Have a worker parse it once more."""
    return _told(queue_parse_again(prompt_set=prompt_set, by=by))


def parse_again(parse: Parse, *, by: Actor) -> Parse:
    """As a button beside one that failed asks for it."""
    return _told(queue_parse_again(prompt_set=parse.prompt_set, parser=parse.parser, by=by))


def _told(parse: Parse) -> Parse:
    if parse.state == Parse.State.QUEUED and parse.mark_poked():
        poke(run_parse, parse)
    return parse


@shared_task
def run_parse(parse_id: int) -> None:
    parse = Parse.objects.filter(pk=parse_id, prompt_set__project__archived_at=None).first()
    if parse is None:
        logger.info("Parse %s is gone, or in an archived project.", parse_id)
        return
    with one_shift(run_parse, parse) as shift:
        if not parses.run_parse(parse=parse, by=SITE, look=shift.look):
            logger.info("Parse %s failed, or is in the hands of another worker.", parse_id)


def start_import(*, by: Actor, **asked: Any) -> Import:
    """Have a worker import a file: `request_import`, told. Raises PromptSetError."""
    row = import_requests.request_import(**asked, by=by)
    if row.mark_poked():
        poke(run_import, row)
    return row


def make_built(*, project: Project, name: str, built: BuiltSet, by: Actor) -> PromptSet | Import:
    """Store what was built: by a request where it is short, and otherwise by a worker. Raises
    PromptSetError."""
    if imports.takes_long(built.captions):
        row = imports.request_built(project=project, name=name, built=built, by=by)
        if row.mark_poked():
            poke(run_import, row)
        return row
    made = imports.import_built(project=project, name=name, built=built, ask_parse=True, by=by)
    for parse in Parse.objects.unfinished().filter(prompt_set=made):
        _told(parse)
    return made


def cancel_import(row: Import, *, by: Actor) -> None:
    """And have a worker remove what is stored by now."""
    if import_requests.cancel_import(row, by=by) and row.mark_poked():
        poke(run_import, row)


def import_again(row: Import, *, by: Actor) -> None:
    """As a button beside one that failed asks for it."""
    if import_requests.retry_import(row, by=by) and row.mark_poked():
        poke(run_import, row)


@shared_task
def run_import(import_id: int) -> None:
    # What is left over is removed from an archived project, too.
    wanted = Q(project__archived_at=None) | Import.with_leftovers()
    row = Import.objects.filter(wanted, pk=import_id).first()
    if row is None:
        logger.info("Import %s is gone, or in an archived project.", import_id)
        return
    with one_shift(run_import, row) as shift:
        if not imports.run_import(row=row, look=shift.look):
            logger.info("Import %s ended, or is in the hands of another worker.", import_id)
            return
    for parse in Parse.objects.unfinished().filter(prompt_set__made_by_import=row):
        _told(parse)
