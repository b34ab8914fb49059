"""How long whoever writes to SQLite waits while a worker parses captions, imports sentences, writes down,
cancels, queues again and erases the images of a run, stops everybody of a study and closes it beside.

A process of its own writes a row every 20 milliseconds, as raters do; the longest of its writes counts. What
the machine and its disk add by themselves shows the first figure, with nothing beside.

    python -m benchmarks.slices [CAPTIONS [SENTENCES [PEOPLE]]]
"""

import json
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from typing import Any

from benchmarks.databases import empty_site

CAPTIONS, SENTENCES, PEOPLE = 10_000, 20_000, 100_000
EVERY, LONGEST = 0.02, 0.5  # seconds
SENTENCE = "A brown dog and two small cats lie on a red sofa in front of an open window beside old books ."
CAPTION = "A brown dog and two small cats lie on a red sofa in front of a window, number"
SEEDS = 10
LETTERS = 2_000  # of the longest captions that an import takes


def main(captions: int = CAPTIONS, sentences: int = SENTENCES, people: int = PEOPLE) -> int:
    """Print each figure with its bar; 1 if one is missed."""
    with empty_site("sqlite"):
        pieces = chain(_pieces(captions, sentences), _pieces_of_study(people))
        missed = [name for name, work in pieces if _longest_wait(name, work) >= LONGEST]
    return 1 if missed else 0


def _pieces(captions: int, sentences: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Prepared one after the other."""
    from daamweb.projects.models import Project
    from generation.models import Import
    from generation.prompts.parsing import load_parser
    from generation.services.import_requests import request_import
    from generation.services.imports import import_prompts, run_import
    from generation.services.parses import parse_prompt_set

    load_parser()
    yield "nothing beside", lambda: time.sleep(20)
    project = Project.objects.create(name="locks")

    def import_lines(name: str, lines: list[str]) -> Any:
        content = "\n".join(lines).encode()
        return import_prompts(project=project, name=name, content=content, file_name="a.txt").imported()

    short = import_lines("short", [f"{CAPTION} {number}" for number in range(captions)])
    for name in (f"parse of {captions:,} captions", "parse of the same again"):
        yield name, lambda: parse_prompt_set(prompt_set=short)
    yield from _pieces_of_run(short, captions * SEEDS)
    text = (f"{CAPTION}. " * LETTERS)[: LETTERS - 10]
    long = import_lines("long", [f"{text} {number}" for number in range(captions // 20)])
    yield (
        f"parse of {captions // 20:,} captions of {LETTERS:,} letters",
        lambda: parse_prompt_set(prompt_set=long),
    )
    content = "".join(_conllu(number) for number in range(sentences)).encode()
    row = request_import(project=project, name="words", content=content, file_name="a.conllu")
    yield f"import of {sentences:,} CoNLL-U sentences", lambda: run_import(row=row)
    # As if it had been cancelled with its last slice.
    Import.objects.filter(pk=row.pk).update(state=Import.State.CANCELLED)
    row.prompt_set.parse_state = row.prompt_set.ParseState.IMPORTING
    row.prompt_set.save()
    yield "removing them again", lambda: run_import(row=Import.objects.get(pk=row.pk))


def _pieces_of_run(prompt_set: Any, images: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    from generation.models import Checkpoint, GenerationRun
    from generation.services.erasing import erase_run
    from generation.services.runs import cancel_waiting, create_run, retry_failed, write_images

    checkpoint = Checkpoint.objects.create(name="locks", source="locks/locks")

    def make() -> None:
        run = create_run(name="locks", prompt_set=prompt_set, checkpoint=checkpoint, seeds=range(SEEDS))
        write_images(run=run)

    yield f"a run of {images:,} images", make
    run = GenerationRun.objects.get()
    yield "cancelling them", lambda: cancel_waiting(run=run)
    yield "queueing them again", lambda: retry_failed(run=run)
    yield "erasing it", lambda: erase_run(run, lambda rows: None)


def _pieces_of_study(people: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Of which nobody is at a task."""
    from annotations.jobs import go_on_stopping, start_closing, start_stopping
    from annotations.models import Participation
    from benchmarks.large_runs import make_large_run
    from benchmarks.large_studies import add_people, make_large_draft, open_large_study

    study = open_large_study(make_large_draft(make_large_run(3), name="locks", tasks=100, replicas=3))
    add_people(study, people)

    def asked(act: Callable[..., Any]) -> None:
        """What the request does, then all that the worker does."""
        began = time.monotonic()
        act(study=study)
        print(f"the request itself: {time.monotonic() - began:.3f} s", flush=True)
        go_on_stopping(study.pk)

    yield f"stopping {people:,} people", lambda: asked(start_stopping)
    study.mark_resumed()
    Participation.objects.update(interrupted_at=None)
    yield f"closing a study of {people:,}", lambda: asked(start_closing)


def _conllu(number: int) -> str:
    rows = [
        f"{place}\t{word}\t{word.lower()}\tNOUN\tNN\t_\t{place - 1}\t{'dep' if place > 1 else 'root'}\t_\t_"
        for place, word in enumerate(SENTENCE.split(), start=1)
    ]
    return "\n".join([f"# sent_id = {number}", *rows, "", ""])


def _longest_wait(name: str, work: Callable[[], Any]) -> float:
    with _writing() as waits:
        began = time.monotonic()
        work()
        seconds = time.monotonic() - began
    longest, late = max(waits), sum(wait >= LONGEST for wait in waits)
    print(
        f"{name}: {seconds:.1f} s; the longest of {len(waits):,} writes beside {longest:.3f} s "
        f"(bar {LONGEST}: {'reached' if longest < LONGEST else f'missed by {late}'}), the 99th percentile "
        f"{statistics.quantiles(waits, n=100)[98]:.3f} s, the median {statistics.median(waits):.4f} s",
        flush=True,
    )
    return longest


@contextmanager
def _writing() -> Iterator[list[float]]:
    """The seconds that each write took, once the block is over."""
    from django.conf import settings

    waits: list[float] = []
    command = [sys.executable, "-m", "benchmarks.slices", "write", str(settings.DATABASES["default"]["NAME"])]
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    writer.stdout.readline()  # it has begun
    try:
        yield waits
    finally:
        out, _ = writer.communicate()
        waits += json.loads(out)


def write(file: str) -> None:
    """Until the input ends."""
    import select

    waits = []
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS beside (number INTEGER)")
        print("begun", flush=True)
        while not select.select([sys.stdin], [], [], EVERY)[0]:
            began = time.monotonic()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO beside VALUES (1)")
            connection.execute("COMMIT")
            waits.append(time.monotonic() - began)
    print(json.dumps(waits))


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write(sys.argv[2])
    else:
        raise SystemExit(main(*map(int, sys.argv[1:])))
