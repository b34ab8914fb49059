"""What the rows must say after a crowd, read past Django, held against what the site told each annotator."""

import json
import uuid
from collections import Counter, defaultdict

from tests.annotations.crowd.hall import KEPT, Hall, Outcome
from tests.site import Site

ANSWERS = """
SELECT response.token, response.assignment_id, participation.annotator_id, response.answer, response.late
FROM annotations_response response
JOIN annotations_assignment turn ON turn.id = response.assignment_id
JOIN annotations_participation participation ON participation.id = turn.participation_id
"""
COUNTING = """
SELECT task.id, count(*)
FROM annotations_assignment turn JOIN annotations_task task ON task.id = turn.task_id
WHERE turn.state = 'submitted' AND turn.counts AND task.role = 'item' GROUP BY task.id
"""
AFTER_CLOSING = """
SELECT count(*)
FROM annotations_response response
JOIN annotations_assignment turn ON turn.id = response.assignment_id
JOIN annotations_study study ON study.id = turn.study_id
WHERE response.created_at > study.closed_at
"""
TWICE = "SELECT participation_id, task_id FROM annotations_assignment GROUP BY 1, 2 HAVING count(*) > 1"
FIRST_ANSWERS_TWICE = (
    "SELECT assignment_id FROM annotations_response WHERE base IS NULL GROUP BY 1 HAVING count(*) > 1"
)


def assert_nothing_is_lost(site: Site, hall: Hall) -> None:
    """Every acknowledged answer stands under its own token, turn and person; what was refused is nowhere."""
    stored = {
        uuid.UUID(str(token)): (turn, annotator, _choice(answer), bool(late))
        for token, turn, annotator, answer, late in site.rows(ANSWERS)
    }
    told = {page.token: page for page in hall.pages if page.outcome in KEPT}
    assert stored == {
        uuid.UUID(token): (page.turn, page.annotator, page.choice, page.outcome == Outcome.LATE)
        for token, page in told.items()
    }
    assert not told.keys() & {page.token for page in hall.pages if page.outcome not in KEPT}


def assert_nobody_answers_twice(site: Site) -> None:
    assert site.rows(TWICE) == []
    assert site.rows(FIRST_ANSWERS_TWICE) == []


def counting_answers(site: Site) -> dict[int, int]:
    """How many counting answers every item has."""
    tasks = site.rows("SELECT id FROM annotations_task WHERE role = 'item'")
    return {task: 0 for (task,) in tasks} | dict(site.rows(COUNTING))


def items_held(site: Site) -> Counter[int]:
    """How many people hold or filled so many items: as their counters say, which the turns bear out."""
    counted = site.rows("SELECT id, items_held FROM annotations_participation")
    held: dict[int, int] = defaultdict(int)
    for person, turns in site.rows(
        "SELECT turn.participation_id, count(*) FROM annotations_assignment turn "
        "JOIN annotations_task task ON task.id = turn.task_id "
        "WHERE turn.state IN ('claimed', 'submitted') AND turn.counts AND task.role = 'item' GROUP BY 1"
    ):
        held[person] = turns
    assert {person: held[person] for person, _ in counted} == dict(counted)
    return Counter(count for _, count in counted)


def assert_nothing_is_later_than_closing(site: Site, hall: Hall) -> None:
    assert site.rows(AFTER_CLOSING) == [(0,)]
    assert {page.outcome for page in hall.pages if page.after_closing} == {Outcome.REFUSED}


def _choice(answer: str | dict) -> int:
    """SQLite has JSON as text."""
    return (json.loads(answer) if isinstance(answer, str) else answer)["choice"]
