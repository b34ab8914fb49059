"""Studies of any size, written in bulk past the services: what `check_study` and the plan ask for holds, so
that the services go on from there as from a study that people filled."""

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter

from django.db import connection
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from annotations.kinds.cleaning import clean_options
from annotations.kinds.registry import get_kind
from annotations.measured import WORDS
from annotations.models import Annotator, Assignment, Participation, Place, Response, Study, Task, Visit
from annotations.ring import first_cursor, preference
from annotations.services.plans import TASK_COLUMNS, make_plan, task_sha256
from generation.models import Generation, GenerationRun

AT_ONCE = 5_000
KIND = "attribution"
BETWEEN = timedelta(milliseconds=10)  # two turns
SPENT = timedelta(seconds=5)  # on an answer


def make_large_draft(
    run: GenerationRun, *, name: str, tasks: int, replicas: int, checks: int = 0, **design
) -> Study:
    """A draft whose tasks go through the run's images and words, again and again if these are fewer."""
    kind = get_kind(KIND)
    study = Study.objects.create(
        project=run.project, name=name, kind=KIND, run=run, title=kind.texts.title,
        consent=kind.texts.consent, instructions=kind.texts.instructions, options=clean_options(kind, {}),
        replicas=replicas, items=tasks, checks=checks, **design,
    )  # fmt: skip
    _store(Task, _tasks(study))
    return study


def _tasks(study: Study) -> Iterator[Task]:
    generations = Generation.objects.filter(run=study.run).select_related("prompt").order_by("pk")
    pairs = [
        (generation, word)
        for generation in generations.prefetch_related("prompt__words")
        for word in generation.prompt.words.all()
    ]
    for role, first, count in (
        (Task.Role.ITEM, 0, study.items),
        (Task.Role.CHECK, study.items, study.checks),
    ):
        for rank in range(count):
            generation, word = pairs[rank % len(pairs)]
            task = Task(
                study=study,
                position=first + rank,
                rank=rank,
                role=role,
                variant=f"{rank // len(pairs) or ''}",
                generation=generation,
                word=word,
                payload={
                    "prompt": generation.prompt.text,
                    "start": word.start,
                    "end": word.end,
                    "word": word.text,
                    "part_of_speech": word.part_of_speech,
                },
            )
            record = {name: attrgetter(path.replace("__", "."))(task) for name, path in TASK_COLUMNS.items()}
            task.sha256 = task_sha256(record)
            yield task


def open_large_study(study: Study) -> Study:
    """Give a draft its places and its plan; it opened a day ago."""
    tasks = _items(study)
    _store(
        Place,
        (
            Place(study=study, task_id=task, replica=replica, order=replica * len(tasks) + index)
            for replica in range(study.replicas)
            for index, task in enumerate(tasks)
        ),
    )
    plan = make_plan(Study.objects.select_related("run").get(pk=study.pk))
    plan.save()
    study.mark_opening()
    study.mark_open(plan=plan, now=timezone.now() - timedelta(days=1))
    return study


def add_people(study: Study, count: int) -> list[Participation]:
    """More people, each with a visit, at the very beginning."""
    first = study.participations.count()
    annotators = [
        Annotator(project=study.project, external_id=f"{study.slug} {ordinal}")
        for ordinal in range(first, first + count)
    ]
    people = [
        Participation(
            study=study,
            annotator=annotator,
            ordinal=first + number,
            seed=preference(0, first + number) >> 2,
            completion_code=f"{first + number:08X}",  # of 100,000 drawn ones, two are often the same
            cursor=(cursor := first_cursor(first + number, study.items)),
            lap_ends_at=cursor + study.places_wanted,
            lap_reopenings=study.reopenings,
            item_cap=study.item_cap,
            consented_at=study.opened_at,
            began_at=study.opened_at,
        )
        for number, annotator in enumerate(Annotator.objects.bulk_create(annotators))
    ]
    Participation.objects.bulk_create(people)
    visits = Visit.objects.bulk_create(
        [
            Visit(
                participation=person,
                annotator=person.annotator,
                unit_id=study.slug,
                arrived_at=study.opened_at,
            )
            for person in people
        ]
    )
    for visit in visits:
        visit.participation.visit = visit
    theirs = Visit.objects.filter(participation=OuterRef("pk")).values("pk")
    Participation.objects.filter(study=study, visit=None).update(visit=Subquery(theirs[:1]))
    return people


def fill(study: Study, turns: Iterable[tuple[int, int, int]]) -> None:
    """Let people answer items: (the item's position, replica, the person's ordinal). Nobody may get an item
    twice."""
    people = {person.ordinal: person for person in study.participations.all()}
    tasks = _items(study)
    places = list(Place.objects.filter(study=study).order_by("order").values_list("pk", flat=True))

    def answered() -> Iterator[Assignment]:
        for index, (item, replica, ordinal) in enumerate(turns):
            person = people[ordinal]
            _count(person, when := study.opened_at + index * BETWEEN + SPENT)
            yield _turn(study, person, tasks[item], places[replica * len(tasks) + item], when)

    _store(Assignment, answered(), then=lambda made: Response.objects.bulk_create(map(_response, made)))
    if connection.vendor == "postgresql":
        analyze()  # until then it looks for a turn through all of them, as when they were few
    counting = Assignment.objects.filter(state=Assignment.State.SUBMITTED, counts=True).order_by()
    Place.objects.filter(turn=None, pk__in=counting.filter(study=study).values("place")).update(
        turn=Subquery(counting.filter(place=OuterRef("pk")).values("pk")[:1])
    )
    Participation.objects.bulk_update(people.values(), [*COUNTERS, "last_answer_at"], batch_size=200)


COUNTERS = (
    "turns", "answered", "places_given", "items_held", "places_filled", "items_filled", "changes",
)  # fmt: skip


def _count(person: Participation, when: datetime) -> None:
    """What an answer adds to a person's counters."""
    for counter in COUNTERS:
        setattr(person, counter, getattr(person, counter) + 1)
    person.last_answer_at = when


def _turn(study: Study, person: Participation, task: int, place: int, when: datetime) -> Assignment:
    return Assignment(
        study=study, place_id=place, task_id=task, participation=person, visit_id=person.visit_id,
        number=person.turns, state=Assignment.State.SUBMITTED, claimed_at=when - SPENT,
        lease_expires_at=when - SPENT + timedelta(minutes=study.lease_minutes), ended_at=when,
        submitted_at=when, revision=0,
    )  # fmt: skip


def _response(turn: Assignment) -> Response:
    spent, painted = SPENT // timedelta(milliseconds=1), 300 + turn.pk % 200
    return Response(
        assignment=turn, token=uuid.UUID(int=turn.pk), answer={"choice": 1 + turn.pk % 5}, milliseconds=spent,
        painted=Response.Painted.PAINTED, painted_milliseconds=painted, first_input_milliseconds=spent - 1,
        visible_spans=[[painted, spent]], layout=_layout(turn), created_at=turn.submitted_at,
    )  # fmt: skip


def _layout(turn: Assignment) -> dict[str, object]:
    """As a page tells it; of every task another overlay."""
    return {
        "arrangement": WORDS["arrangement"][turn.pk % 2],
        "scheme": "light",
        "input": WORDS["input"][turn.pk % 3],
        "viewport": [360 + turn.participation_id % 600, 512],
        "picture": [170, 170],
        "pixel_ratio": 200,
        "enlarged": 0,
        "overlay_hidden": turn.pk % 2,
        "image_sha256": f"{turn.task_id // 14:064x}",
        "overlay_sha256": f"{turn.task_id:064x}",
    }


def _items(study: Study) -> list[int]:
    items = study.tasks.filter(role=Task.Role.ITEM).order_by("position")
    return list(items.values_list("pk", flat=True))


def _store(model, rows: Iterable, then=lambda made: None) -> None:
    """`then` is told of every batch once it is stored."""
    rows = iter(rows)
    while batch := list(islice(rows, AT_ONCE)):
        then(model.objects.bulk_create(batch))


def analyze() -> None:
    """Tell the database how its rows are distributed, as autovacuum does where there is one."""
    vacuum = connection.vendor == "postgresql" and not connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if vacuum else "ANALYZE")
