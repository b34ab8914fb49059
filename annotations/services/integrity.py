"""What the database cannot refuse, one query each: run at closing, after a restore, and after every test that
writes a study."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from annotations.models import (
    Assignment,
    EntryCode,
    Participation,
    Place,
    Response,
    Study,
    StudyText,
    Task,
    Visit,
)


@dataclass(frozen=True)
class Problem:
    """A rule that `count` rows of the study break; `first` is the id of one of them."""

    rule: str
    count: int
    first: int


State = Assignment.State


def check_study(study: Study) -> tuple[Problem, ...]:
    """Every rule that the study's rows break; none for a sound study."""
    problems = []
    for rule, query in RULES.items():
        broken = query(study)
        count = broken.count()
        first = broken.order_by("pk").values_list("pk", flat=True).first() if count else None
        if first is not None:
            problems.append(Problem(rule, count, first))
    return tuple(problems)


def unfilled_places(study: Study) -> int:
    """How many places have no answer that counts, by the counters of those who take part."""
    filled: int = study.participations.aggregate(filled=Coalesce(Sum("places_filled"), 0))["filled"]
    return study.places_wanted - filled


def _places(study: Study) -> QuerySet[Place]:
    return Place.objects.filter(study=study)


def _turns(study: Study) -> QuerySet[Assignment]:
    return Assignment.objects.filter(study=study)


def _responses(study: Study) -> QuerySet[Response]:
    return Response.objects.filter(assignment__study=study)


def _participations_miscounted(study: Study) -> QuerySet[Participation]:
    counting = Q(assignments__counts=True, assignments__place__isnull=False)
    item = Q(assignments__task__role=Task.Role.ITEM)
    submitted = Q(assignments__state=State.SUBMITTED)
    held = submitted | Q(assignments__state=State.CLAIMED)
    return (
        Participation.objects.filter(study=study)
        .annotate(
            count_turns=Count("assignments"),
            count_answered=Count("assignments", filter=Q(assignments__submitted_at__isnull=False)),
            count_declined=Count("assignments", filter=Q(assignments__declined=True)),
            count_held=Count("assignments", filter=counting & item & held),
            count_filled=Count("assignments", filter=counting & submitted),
            count_items=Count("assignments", filter=counting & item & submitted),
            count_given=Count("assignments", filter=Q(assignments__place__isnull=False)),
            count_checks=Count("assignments", filter=Q(assignments__task__role=Task.Role.CHECK)),
            count_practices=Count("assignments", filter=Q(assignments__task__role=Task.Role.PRACTICE)),
        )
        .exclude(
            turns=F("count_turns"),
            answered=F("count_answered"),
            declined=F("count_declined"),
            items_held=F("count_held"),
            places_filled=F("count_filled"),
            items_filled=F("count_items"),
            places_given=F("count_given"),
            checks_given=F("count_checks"),
            practices_given=F("count_practices"),
        )
    )


def _open_study_of_wrong_size(study: Study) -> QuerySet[Study]:
    opened = Study.objects.filter(pk=study.pk).exclude(state__in=(Study.State.DRAFT, Study.State.OPENING))
    places = Place.objects.filter(study=OuterRef("pk")).order_by().values("study").annotate(n=Count("pk"))
    return opened.annotate(made=Coalesce(Subquery(places.values("n")), 0)).exclude(
        made=(F("items") + F("controls")) * F("replicas")
    )


# What is wrong, and the rows that are.
RULES: dict[str, Callable[[Study], QuerySet[Any]]] = {
    "the study, its run and its prompts are not of one project": lambda study: Study.objects.filter(
        pk=study.pk
    ).exclude(project=F("run__project"), run__project=F("run__prompt_set__project")),
    "somebody takes part who is an annotator of another project": lambda study: Participation.objects.filter(
        study=study
    ).exclude(annotator__project=F("study__project")),
    "a place is in another study than its task": lambda study: _places(study).exclude(task__study=F("study")),
    "a place is of a task without places": lambda study: _places(study).exclude(
        task__role__in=Task.WITH_PLACES
    ),
    "a place's turn was given at another place": lambda study: (
        _places(study).filter(turn__isnull=False).exclude(turn__place=F("pk"))
    ),
    "a place is held by a turn that ended without an answer": lambda study: _places(study).filter(
        turn__state__in=(State.EXPIRED, State.RETURNED)
    ),
    "a place is held by a turn that does not count, while the study runs": lambda study: _places(
        study
    ).filter(turn__counts=False, study__state__in=Study.RUNNING),
    "a place is reserved for somebody of another study": lambda study: (
        _places(study).filter(reserved_for__isnull=False).exclude(reserved_for__study=F("study"))
    ),
    "a counting turn does not hold its place": lambda study: (
        _turns(study)
        .filter(counts=True, place__isnull=False, state__in=(State.CLAIMED, State.SUBMITTED))
        .filter(~Exists(Place.objects.filter(turn=OuterRef("pk"))))
    ),
    "a turn is in another study than its task": lambda study: _turns(study).exclude(task__study=F("study")),
    "a turn is in another study than its person": lambda study: _turns(study).exclude(
        participation__study=F("study")
    ),
    "a turn is of another task than its place": lambda study: (
        _turns(study).filter(place__isnull=False).exclude(place__task=F("task"))
    ),
    "a turn at an item or control has no place": lambda study: _turns(study).filter(
        place=None, task__role__in=Task.WITH_PLACES
    ),
    "a turn is of somebody else's visit": lambda study: _turns(study).exclude(
        visit__participation=F("participation")
    ),
    "a turn has an answer and was never submitted, or the other way round": lambda study: (
        _turns(study)
        .annotate(has_answer=Exists(Response.objects.filter(assignment=OuterRef("pk"))))
        .filter(Q(has_answer=True, submitted_at=None) | Q(has_answer=False, submitted_at__isnull=False))
    ),
    "a turn's last revision is not its last answer's": lambda study: (
        _turns(study)
        .filter(revision__isnull=False)
        .annotate(answers=Count("responses"))
        .exclude(answers=F("revision") + 1)
    ),
    "an answer in time is marked as late, or the other way round": lambda study: _responses(study).filter(
        Q(late=True, assignment__state=State.SUBMITTED)
        | (Q(late=False) & ~Q(assignment__state=State.SUBMITTED))
    ),
    "an answer is later than the study's closing": lambda study: _responses(study).filter(
        created_at__gt=F("assignment__study__closed_at")
    ),
    "a turn is claimed in a study that has closed": lambda study: _turns(study).filter(
        state=State.CLAIMED, study__state=Study.State.CLOSED
    ),
    "a person's counters are not what that person's turns say": _participations_miscounted,
    "a person's cap is not the study's": lambda study: Participation.objects.filter(study=study).exclude(
        Q(item_cap=study.item_cap)
    ),
    "a visit is of another person or study than its participation": lambda study: Visit.objects.filter(
        participation__study=study
    ).exclude(annotator=F("participation__annotator")),
    "an entry code leads into another study": lambda study: EntryCode.objects.filter(
        study=study, participation__isnull=False
    ).exclude(participation__study=F("study")),
    "a language is offered in a study that never opened": lambda study: StudyText.objects.filter(
        study=study, offered=True, study__state__in=(Study.State.DRAFT, Study.State.OPENING)
    ),
    "a study has texts in its own language twice": lambda study: StudyText.objects.filter(
        study=study, language=F("study__language")
    ),
    "an opened study has more or fewer places than it asks for": _open_study_of_wrong_size,
}
