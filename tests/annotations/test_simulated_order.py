"""The order in which people walk, by the service: a quarter of a real study, whose 2,000 tasks and 60 people
come out alike (0.0 %, 8.7)."""

import random
import statistics
from collections import defaultdict

import pytest

from annotations.models import Assignment
from annotations.services.claims import claim_assignment
from annotations.services.participations import join_by_link
from tests.large_studies import make_large_study

TASKS, REPLICAS, PEOPLE = 500, 3, 15
# Standard deviation of a task's mean position where everybody has a random order of 100 tasks.
OF_RANDOM_ORDERS = 100 / 12**0.5 / REPLICAS**0.5


@pytest.mark.services
@pytest.mark.breaks_rows  # turns are ended by one update each, without answers
@pytest.mark.django_db
def test_half_way_hardly_a_task_has_no_answer_and_positions_are_even():
    study = make_large_study(tasks=TASKS, replicas=REPLICAS)
    people = [join_by_link(study=study, annotator=None) for _ in range(PEOPLE)]
    draw = random.Random(0)
    positions: dict[int, list[int]] = defaultdict(list)
    for given in range(TASKS * REPLICAS):
        turn = claim_assignment(participation=draw.choice(people)).turn
        if turn is None:
            continue
        positions[turn.task_id].append(turn.number)
        Assignment.objects.filter(pk=turn.pk).update(
            state="submitted", submitted_at=turn.claimed_at, ended_at=turn.claimed_at, revision=0
        )
        if given == TASKS * REPLICAS // 2:
            without = 1 - len(positions) / TASKS
    means = [statistics.mean(numbers) for numbers in positions.values()]
    deviation = statistics.pstdev(means)
    print(f"half-way {without:.1%} without an answer; mean positions deviate by {deviation:.1f}")
    assert len(positions) == TASKS
    assert without <= 0.01
    assert deviation < OF_RANDOM_ORDERS
