"""What the processes of test_claims_between_processes.py do, by `manage.py shell`."""

import json
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import connection

from annotations.models import Annotator, Assignment, Sighting, Study
from annotations.services.assignments import claim_assignment, release_assignment, submit_response
from tests.factories import make_annotator, make_cohyponym_prompt_set, make_open_study, make_run

NOUNS = ("cat", "dog", "bear", "zebra", "giraffe", "elephant", "cow", "horse", "sheep")


def set_up(*, tasks: int, replicas: int, annotators: int) -> None:
    pairs = [(first, second, True) for first in NOUNS for second in NOUNS if first != second][:tasks]
    run = make_run(make_cohyponym_prompt_set(pairs))
    study = make_open_study("object_presence", run, replicas=replicas)
    assert study.tasks.count() == tasks
    for _ in range(annotators):
        make_annotator()


def annotate(*, first: int, count: int) -> None:
    """Annotators number `first` and following, each in a thread, answer places until none is left for them.
    Prints every place they answered and every task they were given."""
    study = Study.objects.get()
    _wait_for_the_other_process(first)
    annotators = list(Annotator.objects.order_by("pk")[first : first + count])
    with ThreadPoolExecutor(count) as pool:
        given = list(pool.map(lambda annotator: _answer_everything(study, annotator), annotators))
    print(json.dumps(given))


def _wait_for_the_other_process(first: int) -> None:
    """One that begins much earlier than the other would answer everything alone."""
    (settings.VAR_FOLDER / f"ready-{first}").touch()
    while len(list(settings.VAR_FOLDER.glob("ready-*"))) < 2:
        time.sleep(0.01)


def _answer_everything(study: Study, annotator: Annotator) -> dict[str, list[int]]:
    submitted, given = [], []
    chance = random.Random(annotator.pk)
    try:
        while _may_get_more(study, annotator):
            place = claim_assignment(study=study, annotator=annotator)
            if place is None:  # others hold what is left, and may give it back
                time.sleep(0.05)
                continue
            given.append(place.task_id)
            # Seldom, since nobody is given a task again: enough people must be left for every place.
            if chance.random() < 0.05:
                release_assignment(assignment=place, annotator=annotator)
                continue
            submit_response(
                assignment=place, annotator=annotator, answer={"objects": []}, token=uuid.uuid4(), seconds=1.0
            )
            submitted.append(place.pk)
    finally:
        connection.close()
    return {"submitted": submitted, "given": given}


def _may_get_more(study: Study, annotator: Annotator) -> bool:
    """Whether an unanswered place is left on a task that this annotator has not seen."""
    unanswered = Assignment.objects.filter(study=study).exclude(state=Assignment.State.SUBMITTED)
    return unanswered.exclude(task__in=Sighting.objects.filter(annotator=annotator).values("task")).exists()
