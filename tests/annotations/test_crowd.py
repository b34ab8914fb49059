"""Fifty people rate one small study at once, over HTTP, at a server that is killed three times: connections
break, pages are sent twice and from two tabs, leases run out, the study pauses, and closes in the middle."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.annotations.crowd import evidence
from tests.annotations.crowd.annotator import Annotator
from tests.annotations.crowd.hall import Hall, Outcome
from tests.annotations.crowd.host import Manager, Server, manager, server
from tests.site import Site

PEOPLE, PROMPTS, REPLICAS = 50, 10, 3
PLACES = 4 * PROMPTS * REPLICAS
# The most that a run may take; on two idle cores it takes a sixth of that.
SECONDS = 120


class Crowd:
    """The people, each in a thread, and what is done to the site under them."""

    def __init__(self, hall: Hall, host: Server, study: Manager):
        self.hall, self.host, self.study = hall, host, study
        self.annotators = [Annotator(hall, number) for number in range(PEOPLE)]
        self.futures: list[Future] = []

    def begin(self, pool: ThreadPoolExecutor) -> None:
        self.futures = [pool.submit(annotator.run) for annotator in self.annotators]

    def wait_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            for future in self.futures:
                if future.done():
                    future.result()
            self.hall.rest(0.02)

    def wait_for_share(self, share: float) -> None:
        """Until so many turns are answered, in shares of the study's places."""
        self.wait_until(lambda: self.hall.answered() >= share * PLACES)

    def finish(self) -> None:
        self.hall.over.set()
        for future in self.futures:
            future.result(timeout=SECONDS)


@contextmanager
def crowd(site: Site, slug: str, *gunicorn: str, seed: int) -> Iterator[Crowd]:
    with server(site, *gunicorn) as host, manager(site) as study, ThreadPoolExecutor(PEOPLE) as pool:
        hall = Hall(host.port, slug, seed, deadline=time.monotonic() + SECONDS)
        people = Crowd(hall, host, study)
        people.begin(pool)
        try:
            yield people
        finally:
            hall.over.set()


def build_and_open(site: Site, **design) -> str:
    site.migrate()
    arguments = "".join(f", {name}={value!r}" for name, value in design.items())
    program = (
        "from tests.annotations.crowd.manager import build; "
        f"build(name='crowd', prompts={PROMPTS}, replicas={REPLICAS}, check_every=5{arguments})"
    )
    slug = site.manage("shell", "--verbosity", "0", "--command", program).strip()
    site.manage("open_study", "crowd")
    return slug


def disturb(people: Crowd) -> None:
    """Two deaths, turns given back, leases that run out."""
    people.wait_for_share(0.15)
    people.host.kill_and_start()
    people.wait_for_share(0.3)
    assert people.study.ask("return three") == 3
    assert people.study.ask("let six leases run out") > 0
    assert people.study.ask("sweep") == "open"
    people.wait_for_share(0.45)
    people.host.kill_and_start()


def pause_and_resume(people: Crowd) -> None:
    assert people.study.ask("pause") == "paused"
    people.hall.rest(0.5)
    assert people.study.ask("open") == "open"


def rate_until_it_closes(site: Site, *gunicorn: str) -> None:
    slug = build_and_open(site, share_cap=0.025)  # three of 120 places
    with crowd(site, slug, *gunicorn, seed=1) as people:
        hall, study = people.hall, people.study
        disturb(people)
        hall.closing_soon.set()
        people.wait_until(lambda: hall.tricks["sat over the closing"] >= 6)
        pause_and_resume(people)
        people.wait_until(lambda: hall.tricks["had all that there is for one person"] >= 3)
        assert study.ask("close") == "closing"
        people.host.kill_and_start()
        answered = hall.answered()
        hall.closing.set()
        people.wait_until(lambda: hall.answered() > answered)
        assert study.ask("let all leases run out") > 0
        hall.sweeping.set()
        people.wait_until(lambda: study.ask("sweep") == "closed")
        hall.closed.set()
        hall.rest(0.5)
        people.finish()
        with ThreadPoolExecutor(PEOPLE) as pool:
            list(pool.map(Annotator.try_after_closing, people.annotators))
        assert people.host.kills == 3
    check(site, hall)
    evidence.assert_nothing_is_later_than_closing(site, hall)
    held = evidence.items_held(site)
    assert max(held) == 3
    assert held[3] >= 3, held


def rate_until_all_is_answered(site: Site, *gunicorn: str) -> None:
    slug = build_and_open(site)
    with crowd(site, slug, *gunicorn, seed=2) as people:
        disturb(people)
        people.wait_for_share(0.55)
        pause_and_resume(people)
        people.wait_for_share(0.7)
        people.host.kill_and_start()
        people.wait_until(lambda: people.study.ask("unfilled") == 0)
        people.finish()
        assert people.host.kills == 3
    said = site.manage("close_study", "crowd", "--complete", "--at-once")
    assert f"0 of {PLACES} places have no answer" in said
    check(site, people.hall)
    assert set(evidence.counting_answers(site).values()) == {REPLICAS}


def check(site: Site, hall: Hall) -> None:
    """What holds after every run, and that it was one."""
    evidence.assert_nothing_is_lost(site, hall)
    evidence.assert_nobody_answers_twice(site)
    assert max(evidence.counting_answers(site).values()) <= REPLICAS
    site.manage("check_study", "crowd")
    assert len(site.rows("SELECT id FROM annotations_participation")) >= PEOPLE
    assert {page.outcome for page in hall.pages} >= {Outcome.STORED, Outcome.STALE}
    assert hall.tricks.keys() >= {"hung up", "sent twice", "two tabs", "corrected"}


@pytest.mark.services  # it takes the whole machine
def test_a_study_that_closes_in_the_middle_loses_nothing_and_takes_nothing_more_on_sqlite(tmp_path):
    rate_until_it_closes(Site(tmp_path))


@pytest.mark.services  # for its time
def test_a_study_ends_with_every_place_filled_once_on_sqlite(tmp_path):
    rate_until_all_is_answered(Site(tmp_path))


@pytest.mark.services
def test_a_study_that_closes_in_the_middle_loses_nothing_and_takes_nothing_more_on_postgresql(
    tmp_path, postgres_database
):
    rate_until_it_closes(Site(tmp_path, DATABASE_URL=postgres_database), "--workers", "2")


@pytest.mark.services
def test_a_study_ends_with_every_place_filled_once_on_postgresql(tmp_path, postgres_database):
    rate_until_all_is_answered(Site(tmp_path, DATABASE_URL=postgres_database), "--workers", "2")
