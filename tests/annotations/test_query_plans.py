"""What a rating asks the database for at 20,000 places: along indexes, without a sort or a scan, whoever
rates and however much is done.

Statements are recorded as they are sent and explained afterwards, on the database in use.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef
from django.test import TestCase

from annotations.models import Assignment, Participation, Place, Study, Task
from annotations.selectors import held_assignment
from annotations.services.claims import Claim, claim_assignment
from benchmarks.large_studies import analyze
from benchmarks.site_rows import browser_of
from daamweb.postgresql.base import PreparingCursor
from tests.annotations.views.visits import address, page_fields
from tests.factories import answer_turn, give_turn, make_participation
from tests.large_studies import (
    ALL_BUT_ONE,
    ALL_BUT_TWO,
    CROWD,
    LEFT,
    PLACES,
    make_fresh_study,
    make_nearly_done_study,
    someone,
)

pytestmark = pytest.mark.django_db


class Statement(NamedTuple):
    """What was sent; and whether PostgreSQL prepared it, and planned it for any values."""

    sql: str
    params: Any
    is_prepared: bool


# Tables that grow with studies or with the people in them.
LARGE = ("place", "assignment", "response", "task", "participation", "visit", "annotator")
# Partial indexes of what is held, set aside or reserved at the moment; and a study's few languages, which
# each process asks for once.
SMALL = (
    "assignment_claimed", "assignment_lease", "assignment_set_aside", "place_reserved",
    "study_text_once_in_a_language", "sqlite_autoindex_annotations_studytext_1",
)  # fmt: skip
# What an index is asked for that answers too much: nothing at all, or only whose. PostgreSQL knows how few
# turns most people have had, and may well read these.
ALL_OF_ONE = {
    "sqlite": re.compile(r"|(study|participation|visit)_id=\?"),
    "postgresql": re.compile(r"|study_id = \S+"),
}
AROUND = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
# The most that one answer asks for, the next claim and reservation included. PostgreSQL is also asked to
# queue for the study.
MOST_STATEMENTS = {"sqlite": 10, "postgresql": 11}


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """Everything that is sent to the database, but for what stands around transactions."""
    statements: list[Statement] = []

    def record(execute, sql, params, many, context):
        if not sql.startswith(AROUND):
            cursor = context["cursor"].cursor
            statements.append(Statement(sql, params, isinstance(cursor, PreparingCursor)))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        yield statements


def explain(sql: str, params: Any, is_prepared: bool) -> list[str]:
    with connection.cursor() as cursor:
        if not is_prepared:
            prefix = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
            cursor.execute(f"{prefix} {sql}", params)
            return [row[-1] for row in cursor.fetchall()]
        numbers = count(1)
        numbered = re.sub("%s", lambda _: f"${next(numbers)}", sql)
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE explained AS {numbered}")
        values = f"({', '.join(['%s'] * len(params))})" if params else ""
        cursor.execute(f"EXPLAIN EXECUTE explained{values}", params)
        steps = [row[-1] for row in cursor.fetchall()]
        cursor.execute("DEALLOCATE explained")
        cursor.execute("RESET plan_cache_mode")
        return steps


def is_bad(steps: list[str]) -> bool:
    """Whether a plan sorts, reads all of a large table, or all of one that belongs to one study or person."""
    text = "\n".join(steps)
    if connection.vendor == "sqlite":
        if "TEMP B-TREE" in text or re.search(r"SCAN (?!CONSTANT ROW)", text):
            return True
        lookups = re.findall(r"USING (?:COVERING )?INDEX (\S+) \((.*)\)", text)
    else:
        if "Sort" in text or any(f"Seq Scan on annotations_{name} " in text for name in LARGE):
            return True
        lookups = re.findall(
            r"Index (?:Only )?Scan (?:Backward )?(?:using|on) (\S+) .*\n(?: +Index Cond: \((.*)\))?",
            f"{text}\n",
        )
    too_much = ALL_OF_ONE[connection.vendor]
    return any(index not in SMALL and too_much.fullmatch(condition) for index, condition in lookups)


def bad_plans(statements: list[Statement]) -> list[str]:
    found = []
    for statement in statements:
        steps = explain(*statement)
        if is_bad(steps):
            found.append("\n".join((statement.sql, *steps)))
    return found


def rate(study: Study, person: Participation) -> tuple[list[Statement], list[Statement]]:
    """What the person holds, rated through the web: all that it asked for, and the answer alone."""
    turn = held_assignment(person)
    browser = browser_of(person)
    task_page = address("assignment", study, turn.pk)
    with recorded() as shown:
        assert browser.get(task_page).status_code == 200
    with recorded() as answered:
        sent = {**page_fields(), "choice": 3}
        # 200 with the next task, or with where to go.
        assert browser.post(task_page, sent, headers={"X-Requested-With": "fetch"}).status_code == 200
    with recorded() as kept:
        assert browser.post(address("keep", study)).status_code == 204
    turn.refresh_from_db()
    assert turn.state == Assignment.State.SUBMITTED
    return [*shown, *answered, *kept], answered


def reach_a_place(person: Participation) -> None:
    """Claim one, answering the checks before it."""
    for _ in range(10):
        turn = claim_assignment(participation=person).turn
        if turn is not None and turn.place_id is not None:
            return
        if turn is not None:
            answer_turn(turn, {"choice": 3})
    raise AssertionError("no place is left")


class TestQueryPlans(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.fresh, cls.nearly_done = make_fresh_study(), make_nearly_done_study()

    def assert_rating_along_indexes(self, study: Study, person: Participation) -> None:
        """Of what the person holds."""
        statements, answered = rate(study, person)
        self.assert_along_indexes(statements)
        listed = "\n".join(each.sql for each in answered)
        assert len(answered) <= MOST_STATEMENTS[connection.vendor], f"{len(answered)} statements:\n{listed}"

    def assert_claim_along_indexes(self, person: Participation, address: str = "") -> Claim:
        with recorded() as statements:
            claim = claim_assignment(participation=person, address=address)
        self.assert_along_indexes(statements)
        return claim

    def assert_along_indexes(self, statements: list[Statement]) -> None:
        # SQLite's planner does without statistics where nobody asked for them.
        if connection.vendor == "sqlite":
            assert bad_plans(statements) == []
        analyze()
        assert bad_plans(statements) == []
        assert [
            each.sql for each in statements if "left_out" in each.sql
        ] == []  # may be as long as the study
        # A lock takes the rows of every table that is joined, and that it does not leave out: the study's
        # would shut out everybody else.
        locking = [each.sql for each in statements if "SKIP LOCKED" in each.sql and "JOIN" in each.sql]
        assert [sql for sql in locking if 'OF "annotations_place" SKIP' not in sql] == []

    def test_a_rating_in_a_fresh_study(self):
        person = someone(self.fresh)
        self.assert_claim_along_indexes(person)
        self.assert_rating_along_indexes(self.fresh, person)

    def test_the_first_claims_of_people_at_one_address(self):
        for study in (self.fresh, self.nearly_done):
            for _ in range(10):
                self.assert_claim_along_indexes(make_participation(study), "198.51.100.7")
            assert study.participations.exclude(address_key="").count() == 10

    def test_a_rating_in_a_study_that_is_nearly_done(self):
        assert Place.objects.open().filter(study=self.nearly_done).count() == PLACES // 100 + 3
        person = someone(self.nearly_done)
        self.assert_claim_along_indexes(person)
        self.assert_rating_along_indexes(self.nearly_done, person)

    def test_a_rating_where_a_check_is_due(self):
        person = someone(self.nearly_done, check_is_due=True)
        claim = self.assert_claim_along_indexes(person)
        assert claim.turn.task.role == Task.Role.CHECK
        self.assert_rating_along_indexes(self.nearly_done, person)

    def test_the_last_rating_of_a_person_and_what_comes_after_it(self):
        person = self.nearly_done.participations.get(ordinal=ALL_BUT_ONE)
        reach_a_place(person)
        self.assert_rating_along_indexes(self.nearly_done, person)
        assert self.assert_claim_along_indexes(person) == Claim(None, ended=True)

    def test_a_rating_of_a_person_who_has_had_everything_but_two(self):
        person = self.nearly_done.participations.get(ordinal=ALL_BUT_TWO)
        reach_a_place(person)
        self.assert_rating_along_indexes(self.nearly_done, person)
        reach_a_place(person)

    def test_claims_of_a_person_who_has_had_everything_but_what_others_hold(self):
        person = self.nearly_done.participations.get(ordinal=ALL_BUT_TWO)
        for position in LEFT[ALL_BUT_TWO]:
            self.let_others_take(self.nearly_done.tasks.get(position=position))
        while (claim := self.assert_claim_along_indexes(person)).turn is not None:
            answer_turn(claim.turn, {"choice": 3})  # a check
        while not claim.ended:
            claim = self.assert_claim_along_indexes(person)

    def let_others_take(self, task: Task) -> None:
        idle = Participation.objects.filter(study=task.study, ordinal__lt=CROWD).exclude(
            Exists(Assignment.objects.filter(participation=OuterRef("pk"), state=Assignment.State.CLAIMED))
        )
        for _ in Place.objects.open().filter(task=task):
            give_turn(task, idle.exclude(assignments__task=task).first())

    def test_a_sort_a_scan_and_a_walk_through_a_study_would_be_noticed(self):
        analyze()
        places = Place.objects.filter(turn=None)
        with recorded() as statements:
            list(places.filter(study=self.fresh).order_by("task__sha256")[:32])
            list(places.filter(replica=3).order_by()[:32])
            list(places.order_by("pk")[:32])
            list(places.filter(study=self.fresh).order_by()[:32])
        assert len(bad_plans(statements)) == 4
