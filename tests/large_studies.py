"""Studies of many places; a fresh one and one that is 99 % done, of 20,000, and who is in them.

These two take a few seconds: tests write them once for all.
"""

from collections.abc import Iterator

from annotations.models import Participation, Study
from annotations.ring import is_check_due
from benchmarks.large_runs import make_large_run
from benchmarks.large_studies import add_people, fill, make_large_draft, open_large_study

TASKS, REPLICAS = 4_000, 5
PLACES = TASKS * REPLICAS
DESIGN = {"tasks": TASKS, "replicas": REPLICAS, "checks": 10, "check_every": 4}
CROWD = 400
# Beside the crowd: who has answered all tasks but one, and all but two. Each has a replica to itself.
ALL_BUT_ONE, ALL_BUT_TWO = CROWD, CROWD + 1
LEFT = {ALL_BUT_ONE: {1_234}, ALL_BUT_TWO: {777, 3_210}}
# One in so many of the crowd's places is open.
OPEN_EVERY = 60


def make_large_study(*, name: str = "large", tasks: int, replicas: int, **design) -> Study:
    """Open, of a few images, and nobody is there yet."""
    run = make_large_run(3, name=name)
    return open_large_study(make_large_draft(run, name=name, tasks=tasks, replicas=replicas, **design))


def make_fresh_study() -> Study:
    """Its people are there and were given nothing."""
    study = make_large_study(name="fresh", **DESIGN)
    add_people(study, CROWD)
    return study


def make_nearly_done_study() -> Study:
    """99 % of its places are filled."""
    study = make_large_study(name="nearly done", **DESIGN)
    add_people(study, CROWD + len(LEFT))
    fill(study, _turns())
    return study


def _turns() -> Iterator[tuple[int, int, int]]:
    for replica, (ordinal, left) in enumerate(LEFT.items()):
        yield from ((task, replica, ordinal) for task in range(TASKS) if task not in left)
    for replica in range(len(LEFT), REPLICAS):
        for task in range(TASKS):
            if (replica * TASKS + task) % OPEN_EVERY:
                yield task, replica, (task + replica) % CROWD


def someone(study: Study, *, check_is_due: bool = False) -> Participation:
    """Of the crowd: whose next task is a check, or whose next two are none."""
    for person in study.participations.filter(ordinal__lt=CROWD).order_by("ordinal"):
        due = [is_check_due(person.seed, person.turns + n, study.check_every) for n in (1, 2)]
        if due[0] if check_is_due else not any(due):
            return person
    raise AssertionError("there is nobody like that")
