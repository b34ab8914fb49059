"""Annotators in two processes hammer one study: no place is given twice, no task gets too many answers."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from tests.site import TOP, Site

TASKS, REPLICAS, ANNOTATORS = 30, 3, 8


def hammer(site: Site) -> None:
    site.manage("migrate", "--verbosity", "0")
    site.manage(
        "shell", "--command",
        "from tests.annotations.hammer import set_up; "
        f"set_up(tasks={TASKS}, replicas={REPLICAS}, annotators={ANNOTATORS})",
    )  # fmt: skip
    half = ANNOTATORS // 2
    processes = [
        subprocess.Popen(
            [
                sys.executable, "manage.py", "shell", "--verbosity", "0", "--command",
                f"from tests.annotations.hammer import annotate; annotate(first={first}, count={half})",
            ],
            cwd=TOP,
            env=site.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for first in (0, half)
    ]  # fmt: skip
    annotators: list[dict[str, list[int]]] = []
    for process in processes:
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
        annotators += json.loads(out)
    assert_invariants(site, annotators)


def assert_invariants(site: Site, annotators: list[dict[str, list[int]]]) -> None:
    places = [place for annotator in annotators for place in annotator["submitted"]]
    assert (
        len(places) == len(set(places)) == TASKS * REPLICAS
    )  # nobody was given what another had; all was answered
    assert sum(bool(annotator["submitted"]) for annotator in annotators) > ANNOTATORS // 2  # a contest
    given = [(number, task) for number, annotator in enumerate(annotators) for task in annotator["given"]]
    assert len(given) == len(set(given)) > len(places)  # some gave places back; nobody saw a task twice
    rows = site.rows("SELECT task_id, annotator_id, state FROM annotations_assignment")
    assert Counter(task for task, _, _ in rows) == dict.fromkeys({task for task, _, _ in rows}, REPLICAS)
    assert {state for _, _, state in rows} == {"submitted"}
    assert site.rows("SELECT count(*) FROM annotations_sighting") == [(len(given),)]
    answers = site.rows("SELECT assignment_id, revision FROM annotations_response")
    assert sorted(answers) == sorted((place, 0) for place in places)


def test_two_processes_never_take_the_same_place_on_sqlite(tmp_path):
    hammer(Site(tmp_path))


@pytest.mark.services
def test_two_processes_never_take_the_same_place_on_postgresql(tmp_path, postgres_database):
    hammer(Site(tmp_path, DATABASE_URL=postgres_database))
