"""Delete studies and annotators whole, in slices: for erasures and nothing else."""

from django.db import transaction
from django.db.models import QuerySet

from annotations.erased import tell_erased
from annotations.models import (
    Annotator,
    Assignment,
    EntryCode,
    Operation,
    Participation,
    Place,
    Plan,
    ProblemReport,
    Response,
    Review,
    Study,
    Task,
    Visit,
)
from annotations.services.locks import lock_study
from daamweb.projects.errors import ProjectError
from daamweb.projects.holdings import Gone
from generation.services.erasing import delete_in_slices

AT_ONCE = 200
ENDED = (Study.State.DRAFT, Study.State.CLOSED, Study.State.ERASING)


def running_studies(studies: QuerySet[Study]) -> QuerySet[Study]:
    return studies.exclude(state__in=ENDED)


@transaction.atomic
def set_study_aside(study: Study) -> None:
    """Nobody can open it or have it analysed any more. Raises ProjectError."""
    locked = lock_study(study.pk)
    if not locked.mark_erasing():
        raise ProjectError(
            f"“{locked.name}” is {locked.get_state_display()}; only a draft or a closed study can be erased. "
            "Close it first."
        )
    tell_erased(locked)
    study.refresh_from_db()


def erase_study(study: Study, gone: Gone) -> None:
    """With all answers, and the annotators who took part in nothing else."""
    if study.state != Study.State.ERASING:  # of a project that is erased whole
        set_study_aside(study)
    people = Participation.objects.filter(study=study)
    delete_in_slices(Response.objects.filter(assignment__study=study), gone, AT_ONCE)
    delete_in_slices(ProblemReport.objects.filter(study=study), gone, AT_ONCE)
    _let_go(Place.objects.filter(study=study), gone)
    delete_in_slices(Assignment.objects.filter(study=study), gone, AT_ONCE)
    delete_in_slices(Place.objects.filter(study=study), gone, AT_ONCE)
    reviews = Review.objects.filter(study=study)
    delete_in_slices(reviews.filter(action=Review.Action.UNDO), gone, AT_ONCE)
    delete_in_slices(reviews, gone, AT_ONCE)
    delete_in_slices(Operation.objects.filter(study=study), gone, AT_ONCE)
    delete_in_slices(EntryCode.objects.filter(study=study), gone, AT_ONCE)
    delete_in_slices(Visit.objects.filter(participation__study=study), gone, AT_ONCE)
    while some := list(people.order_by("pk")[:AT_ONCE]):
        _delete_people(some)
        gone(len(some))
    delete_in_slices(Task.objects.filter(study=study), gone, AT_ONCE)
    with transaction.atomic():
        plans = list(Plan.objects.filter(study=study).values_list("pk", flat=True))
        study.delete()
        Plan.objects.filter(pk__in=plans).delete()
    gone(1)


def erase_annotator_row(annotator: Annotator, gone: Gone) -> None:
    """Of a project that is erased, after its studies."""
    annotator.delete()
    gone(1)


def _let_go(places: QuerySet[Place], gone: Gone) -> None:
    held = places.exclude(turn=None, reserved_for=None)
    while some := list(held.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        places.filter(pk__in=some).update(turn=None, reserved_for=None, reserved_until=None)
        gone(0)


@transaction.atomic
def _delete_people(people: list[Participation]) -> None:
    Participation.objects.filter(pk__in=[person.pk for person in people]).delete()
    annotators = Annotator.objects.filter(pk__in=[person.annotator_id for person in people])
    annotators.filter(participations=None, visits=None).delete()
