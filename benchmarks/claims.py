"""What a claim costs in studies of several sizes: fresh, when some people have had everything, and 99 % done.

Each size has a process and a database of its own. They take turns, claim by claim, so that whatever else the
machine does slows all of them down.

    python -m benchmarks.claims DATABASE PLACES CLAIMS      one of them: a claim for every line that it reads
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import IO, Any

from benchmarks.databases import empty_site

REPLICAS = 3
CROWD = 60
# Who has answered everything, and everything but the last task; each has a replica to itself.
EVERYTHING, ALL_BUT_ONE = CROWD, CROWD + 1
# Of the third replica one place in so many stays open: 1 % of all.
OPEN_EVERY = 33


def measure_claims(database: str, sizes: Sequence[int], claims: int) -> dict[str, list[float]]:
    """Situation → milliseconds at each of the sizes (places), medians of so many claims."""
    measured = {}
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(database, size, claims)) for size in sizes]
        while any(names := [worker.stdout.readline().strip() for worker in workers]):
            found = [[_ask(worker) for worker in workers] for _ in range(claims)]
            measured[names[0]] = [statistics.median(of_size) for of_size in zip(*found, strict=True)]
    if any(worker.returncode for worker in workers):
        raise SystemExit("A measured process failed; see above.")
    return measured


def _worker(database: str, size: int, claims: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "benchmarks.claims", database, str(size), str(claims)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ask(worker: subprocess.Popen) -> float:
    worker.stdin.write("\n")
    worker.stdin.flush()
    return float(worker.stdout.readline() or "nan")


def serve(places: int, claims: int, asked: IO[str]) -> None:
    """Print the name of every situation, and the milliseconds of a claim for each of so many lines."""
    from benchmarks.large_studies import analyze

    for name, people, finds in situations(places):
        analyze()
        print(name, flush=True)
        for number in range(claims):
            asked.readline()
            print(1000 * seconds_of_claim(people[number % len(people)], finds=finds), flush=True)


def situations(places: int) -> Iterator[tuple[str, Sequence[Any], bool]]:
    """One after another, in a study that is filled in between: name, who claims, whether a place is found."""
    from annotations.models import Participation
    from benchmarks.large_runs import make_large_run
    from benchmarks.large_studies import add_people, fill, make_large_draft, open_large_study

    tasks = places // REPLICAS
    run = make_large_run(50)
    study = open_large_study(make_large_draft(run, name="claims", tasks=tasks, replicas=REPLICAS))
    people = add_people(study, CROWD + 2)
    yield "fresh", people[:CROWD], True
    fill(study, _had_everything(tasks))
    yield "has had everything", people[EVERYTHING:ALL_BUT_ONE], False
    # Where a claim finds, for as long as it may look, only what this person has had.
    third = 2 * tasks
    Participation.objects.filter(pk=people[ALL_BUT_ONE].pk).update(
        cursor=third, lap_ends_at=third + study.places_wanted
    )
    yield "has had all but one", people[ALL_BUT_ONE:], False
    fill(study, ((task, 2, task % CROWD) for task in range(tasks) if task % OPEN_EVERY))
    yield "99 % done", people[:CROWD], True


def _had_everything(tasks: int) -> Iterator[tuple[int, int, int]]:
    yield from ((task, 0, EVERYTHING) for task in range(tasks))
    yield from ((task, 1, ALL_BUT_ONE) for task in range(tasks - 1))


def seconds_of_claim(who: Any, *, finds: bool) -> float:
    """What the claim wrote is taken back."""
    from annotations.models import Participation, Place
    from annotations.services.claims import claim_assignment

    person = Participation.objects.get(pk=who.pk)
    began = time.perf_counter()
    claim = claim_assignment(participation=person)
    seconds = time.perf_counter() - began
    if (claim.turn is not None) != finds:
        raise RuntimeError(f"Something was to be found: {finds}. What was: {claim}.")
    Place.objects.filter(reserved_for=person).update(reserved_for=None, reserved_until=None)
    if claim.turn is not None:
        Place.objects.filter(turn=claim.turn).update(turn=None)
        claim.turn.delete()
    person.save()  # as it was before
    return seconds


if __name__ == "__main__":
    with empty_site(sys.argv[1]):
        serve(int(sys.argv[2]), int(sys.argv[3]), sys.stdin)
