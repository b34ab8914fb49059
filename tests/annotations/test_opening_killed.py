"""The opening of a study of some thousand tasks, killed half-way and taken up again, on both databases."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.models import Opening, Place, Study
from annotations.services.openings import request_opening, run_opening
from tests.factories import answer_next, make_annotator, make_study
from tests.site import TOP, Site, kill_group

TASKS, CHECKS, REPLICAS = 4_000, 10, 3
# An opening counts every task twice: when it was verified, and when it was given its places.
VERIFIED, TOTAL = TASKS + CHECKS, 2 * (TASKS + CHECKS)
BUILD = f"""
from benchmarks.large_runs import make_large_run
from benchmarks.large_studies import make_large_draft
make_large_draft(make_large_run(3), name="large", tasks={TASKS}, checks={CHECKS}, replicas={REPLICAS})
"""
# What the beat's sweep does once the dead worker's lease is over; its job runs in the same process.
SWEEP = """
from datetime import timedelta
from django.utils import timezone
from annotations.models import Opening
from daamweb.celery import app
from daamweb.work.jobs import sweep_work
long_ago = timezone.now() - timedelta(hours=1)
Opening.objects.filter(state="running").update(lease_expires_at=long_ago, poked_at=long_ago)
app.conf.task_always_eager = app.conf.task_eager_propagates = True
sweep_work()
"""
OPENING = ("open_study", "large")
TAKING_UP = ("shell", "--verbosity", "0", "--command", SWEEP)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def site(request, tmp_path) -> Site:
    if request.param == "sqlite":
        site = Site(tmp_path)
    else:
        site = Site(tmp_path, DATABASE_URL=request.getfixturevalue("postgres_database"))
    site.migrate()
    site.manage("shell", "--verbosity", "0", "--command", BUILD)
    return site


def kill_between(site: Site, first: int, last: int, *command: str, attempt: int) -> None:
    """Run a command, and kill it when its attempt at the opening has come so far."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", *command], cwd=TOP, env=site.environment, start_new_session=True
    )

    def is_there() -> bool:
        found = site.rows("SELECT attempts, done FROM annotations_opening WHERE state = 'running'")
        return found != [] and found[0][0] == attempt and first <= found[0][1] < last

    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, "it ended before it was killed"
            assert time.monotonic() < deadline
            if is_there():
                # Held still, so that it gets no further between this look and its death.
                os.killpg(process.pid, signal.SIGSTOP)
                if is_there():
                    return
                os.killpg(process.pid, signal.SIGCONT)
            time.sleep(0.005)
    finally:
        kill_group(process)


def last_opening(site: Site) -> tuple:
    """The state of its study, its own, how often it was taken, and its error."""
    (found,) = site.rows(
        "SELECT study.state, opening.state, opening.attempts, opening.error "
        "FROM annotations_study study JOIN annotations_opening opening ON opening.study_id = study.id "
        "ORDER BY opening.id DESC LIMIT 1"
    )
    return tuple(found)


def places(site: Site) -> int:
    return site.rows("SELECT count(*) FROM annotations_place")[0][0]


def assert_all_places_are_there_once(site: Site) -> None:
    of_tasks = site.rows(
        "SELECT task.role, count(place.id), count(DISTINCT place.replica) FROM annotations_task task "
        "LEFT JOIN annotations_place place ON place.task_id = task.id GROUP BY task.id, task.role"
    )
    assert sorted(of_tasks) == CHECKS * [("check", 0, 0)] + TASKS * [("item", REPLICAS, REPLICAS)]
    orders = site.rows('SELECT "order" FROM annotations_place ORDER BY 1')
    assert orders == [(order,) for order in range(TASKS * REPLICAS)]
    site.manage("check_study", "large")


@pytest.mark.services  # for its time
def test_an_opening_killed_in_each_half_is_taken_up_by_the_sweep(site):
    kill_between(site, 1, VERIFIED, *OPENING, attempt=1)
    assert last_opening(site) == ("opening", "running", 1, "")
    assert places(site) == 0
    kill_between(site, VERIFIED + 1, TOTAL, *TAKING_UP, attempt=2)
    assert last_opening(site) == ("opening", "running", 2, "")
    assert 0 < places(site) < TASKS * REPLICAS
    site.manage(*TAKING_UP)
    assert last_opening(site) == ("open", "done", 3, "")
    assert_all_places_are_there_once(site)


@pytest.mark.services  # for its time
def test_an_opening_that_kills_its_worker_too_often_is_a_draft_again_and_may_be_opened_anew(site):
    kill_between(site, VERIFIED + 1, TOTAL, *OPENING, attempt=1)
    for attempt in range(2, Opening.MAX_ATTEMPTS + 1):
        kill_between(site, VERIFIED + 1, TOTAL, *TAKING_UP, attempt=attempt)
    left = places(site)
    assert 0 < left < TASKS * REPLICAS
    site.manage(*TAKING_UP)
    *states, error = last_opening(site)
    assert states == ["draft", "failed", Opening.MAX_ATTEMPTS + 1]
    assert f"took it {Opening.MAX_ATTEMPTS} times and never finished" in error
    assert places(site) == left
    site.manage("open_study", "large")
    assert last_opening(site) == ("open", "done", 1, "")
    assert_all_places_are_there_once(site)


@pytest.mark.django_db
def test_a_worker_that_was_held_up_deletes_nothing_of_what_another_one_opened():
    """As on a machine that slept: its lease ran out right before it would have cleared the places of an
    earlier opening."""
    study = make_study()
    opening = request_opening(study=study)

    def sleep_meanwhile(done: int, total: int) -> None:
        if done == total // 2:
            Opening.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
            assert run_opening(opening=Opening.objects.get())

    assert not run_opening(opening=opening, progress=sleep_meanwhile)
    study.refresh_from_db()
    assert study.state == Study.State.OPEN
    assert Place.objects.count() == study.places_wanted
    assert answer_next(study, make_annotator(), {"choice": 4}) is not None
