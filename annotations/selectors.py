"""What pages read: an annotator's way through a study, and how far a study is. Counters and single rows:
nothing here grows with the study."""

from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Count, Exists, IntegerField, Model, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from annotations.models import Assignment, Outcome, Participation, Response, Study, Task
from annotations.models.participations import ParticipationQuerySet

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class ShownTask:
    """What the pictures of a task are made of: names and hashes of its image's files. word: None if it has
    none."""

    word: int | None
    payload: dict[str, Any]
    image: str
    image_sha256: str
    heat_maps: str
    heat_maps_sha256: str

    @classmethod
    def of(cls, task: Task) -> "ShownTask":
        made = task.generation
        files = (made.image.name or "", made.image_sha256, made.heat_maps.name or "", made.heat_maps_sha256)
        return cls(task.word_id, task.payload, *files)


def only_row(rows: QuerySet[Row]) -> Row | None:
    """The one row that a unique look-up finds, or None. `first()` would have the database sort it."""
    return next(iter(rows.order_by()[:1]), None)


def participation_of(study: Study, annotator_pk: int | None) -> Participation | None:
    if annotator_pk is None:
        return None
    return only_row(Participation.objects.filter(study=study, annotator=annotator_pk))


def gives_tasks(study: Study, participation: Participation) -> bool:
    """Whether this person may be given tasks as far as the study goes: while it is paused, those who began
    may finish, unless everybody is stopped."""
    if study.state == Study.State.PAUSED:
        return not study.stops_everybody and participation.began_at is not None
    return study.state == Study.State.OPEN


def still_to_interrupt(study: Study) -> ParticipationQuerySet:
    """Those whom the study interrupts as it stands, and whose rows do not say so yet. What they are at when
    it closes they can finish, and are told then."""
    still_at_it = Participation.objects.of_outcome(Outcome.NONE).filter(study=study, visit__isnull=False)
    if study.state == Study.State.CLOSING:
        at_work = Assignment.objects.filter(participation=OuterRef("pk"), state=Assignment.State.CLAIMED)
        return still_at_it.filter(~Exists(at_work))
    return still_at_it if study.stops_everybody else still_at_it.none()


def outcome_in(study: Study, participation: Participation) -> Outcome:
    """What became of somebody, as their pages say it: who is interrupted hears so from the moment at which
    the study stops, also before their row is reached."""
    outcome = participation.outcome
    if outcome == Outcome.NONE and still_to_interrupt(study).filter(pk=participation.pk).exists():
        return Outcome.INTERRUPTED
    return outcome


def held_assignment(participation: Participation) -> Assignment | None:
    """What this person has claimed in this visit and not answered; of several the one shown first."""
    claimed = participation.assignments.filter(state=Assignment.State.CLAIMED, visit=participation.visit_id)
    return min(claimed.order_by(), key=lambda turn: turn.number, default=None)


def previous_assignment(assignment: Assignment) -> Assignment | None:
    """What the same person answered before this turn."""
    before = Assignment.objects.filter(
        participation=assignment.participation_id, number__lt=assignment.number
    )
    # A few may have been returned in between; nobody returns hundreds.
    for turn in before.order_by("-number")[:20]:
        if turn.submitted_at is not None:
            return turn
    return None


def last_response(assignment: Assignment) -> Response | None:
    if assignment.revision is None:
        return None
    return only_row(Response.objects.filter(assignment=assignment, revision=assignment.revision))


@dataclass(frozen=True)
class StoredOfStudy:
    """How many people took part, of how many it is known who they are, and how many were erased."""

    people: int
    known: int
    erased: int


def stored_of(study: Study) -> StoredOfStudy:
    people = Participation.objects.filter(study=study)
    return StoredOfStudy(
        people=people.count(),
        known=people.filter(annotator__forgotten_at=None).count(),
        erased=people.filter(erased_at__isnull=False).count(),
    )


def answers_of(study: Study) -> tuple[int, int]:
    """How many answers there are, by its people's counters, and of how many people. What was erased is
    none."""
    people = Participation.objects.filter(study=study, answered__gt=0, erased_at=None)
    found = people.aggregate(answers=Sum("answered"), people=Count("pk"))
    return found["answers"] or 0, found["people"]


def with_progress(studies: QuerySet[Study]) -> QuerySet[Study]:
    """The studies, each with how many places are `filled`, of its `places_wanted`: the sum of its people's
    counters."""
    filled = (
        Participation.objects.filter(study=OuterRef("pk"))
        .order_by()
        .values("study")
        .annotate(filled=Sum("places_filled"))
        .values("filled")
    )
    return studies.annotate(filled=Coalesce(Subquery(filled, output_field=IntegerField()), 0))
