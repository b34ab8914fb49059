"""What pages read: an annotator's way through a study, and how far a study is."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from annotations.models import Annotator, Assignment, Participation, Response, Sighting, Study, Task


@dataclass(frozen=True)
class Progress:
    """One person's way through a study, in tasks."""

    answered: int
    # What this person can still get, the share cap included. It may shrink while others work, and grow when a
    # place comes back.
    remaining: int

    @property
    def total(self) -> int:
        return self.answered + self.remaining


def participation_of(study: Study, annotator: Annotator | None) -> Participation | None:
    if annotator is None:
        return None
    return Participation.objects.filter(study=study, annotator=annotator).select_related("annotator").first()


def progress_of(study: Study, annotator: Annotator) -> Progress:
    mine = Assignment.objects.filter(study=study, annotator=annotator)
    answered = mine.filter(state=Assignment.State.SUBMITTED).count()
    held = mine.filter(state=Assignment.State.CLAIMED).count()
    available = Assignment.objects.claimable_by(annotator, study).order_by().values("task").distinct().count()
    share = share_of_one(study)
    if share is not None:
        available = min(available, max(0, share - answered - held))
    return Progress(answered=answered, remaining=held + available)


def share_of_one(study: Study) -> int | None:
    """How many places one annotator may take; None: as many as there are."""
    if study.share_cap is None:
        return None
    return study.share_in_places(Assignment.objects.filter(study=study).count())


def likely_next_task(study: Study, annotator: Annotator) -> Task | None:
    """The task that a claim would give this person if nobody else claimed in the meantime; nothing is
    claimed."""
    place = Assignment.objects.claimable_by(annotator, study).select_related("task").first()
    return place.task if place else None


def held_assignment(study: Study, annotator: Annotator) -> Assignment | None:
    """The place this person has claimed and not answered."""
    return (
        Assignment.objects.filter(study=study, annotator=annotator, state=Assignment.State.CLAIMED)
        .order_by("claimed_at")
        .first()
    )


def has_lost(assignment: Assignment, annotator: Annotator) -> bool:
    """Whether this person was given the task of this place once, and has no place on it any more."""
    task = assignment.task_id
    return (
        Sighting.objects.filter(task=task, annotator=annotator).exists()
        and not Assignment.objects.filter(task=task, annotator=annotator).exists()
    )


def previous_assignment(assignment: Assignment) -> Assignment | None:
    """What the same person answered before this place; for an unanswered place, what was answered last."""
    answered = Assignment.objects.filter(
        study=assignment.study_id, annotator=assignment.annotator_id, state=Assignment.State.SUBMITTED
    )
    if assignment.state == Assignment.State.SUBMITTED:
        answered = answered.filter(
            Q(submitted_at__lt=assignment.submitted_at)
            | Q(submitted_at=assignment.submitted_at, pk__lt=assignment.pk)
        )
    return answered.order_by("-submitted_at", "-pk").first()


def last_answer(assignment: Assignment) -> dict | None:
    response = Response.objects.filter(assignment=assignment).final().first()
    return response.answer if response else None


def with_progress(studies: QuerySet[Study]) -> QuerySet[Study]:
    """The studies, each with `places` (none before it opens) and how many of them are `submitted`."""
    submitted = Count("assignments", filter=Q(assignments__state=Assignment.State.SUBMITTED))
    return studies.annotate(places=Count("assignments"), submitted=submitted)
