"""Verdicts: exclude a person, accept or reject a visit, undo. Append-only, each with a reason.

Excluding is about turns (their answers stop counting, their places are free again while the study runs);
accepting, rejecting and paying are about visits, and recruitment carries them outside."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from annotations.errors import ReviewError
from annotations.models import Assignment, Participation, Review, Study, Visit
from annotations.services.locks import lock_participation, lock_study
from annotations.services.turns import drop_reservation, drop_turns, restore_turns
from daamweb.projects.models import Action
from daamweb.projects.services.events import record

_ACTIONS: dict[str, str] = {
    Review.Action.EXCLUDE: Action.EXCLUDED,
    Review.Action.ACCEPT: Action.ACCEPTED,
    Review.Action.REJECT: Action.REJECTED,
    Review.Action.UNDO: Action.UNDID,
}


@transaction.atomic
def exclude_annotator(
    *,
    participation: Participation,
    reason: str,
    rule: str = "",
    evidence: dict[str, Any] | None = None,
    by: User | None = None,
) -> Review:
    """Let nothing of this person's count in the study. A turn that is being rated is still taken, and marked.

    After closing no place is reopened; how many were left short is listed as a deviation. Raises ReviewError.
    """
    study = lock_study(participation.study_id)
    person, now = lock_participation(participation.pk)
    if person.excluded_at is not None:
        raise ReviewError(f"{person.pseudonym} is excluded already.")
    review = _write(Review.Action.EXCLUDE, study, person, now, reason, rule=rule, evidence=evidence, by=by)
    Participation.objects.filter(pk=person.pk).update(excluded_at=now)
    drop_turns(study, person, person.assignments.all(), dropped=Assignment.Dropped.EXCLUDED, by=review)
    drop_reservation(study, person)
    return review


@transaction.atomic
def reject_visit(
    *, visit: Visit, reason: str, evidence: dict[str, Any] | None = None, by: User | None = None
) -> Review:
    """Let none of a visit's turns count. Raises ReviewError where the visit has a verdict."""
    return _decide(visit, Review.Action.REJECT, Visit.Verdict.REJECTED, reason, evidence, by)


@transaction.atomic
def accept_visit(
    *, visit: Visit, reason: str, evidence: dict[str, Any] | None = None, by: User | None = None
) -> Review:
    """Final; restores nothing that was excluded. Raises ReviewError where the visit has a verdict."""
    return _decide(visit, Review.Action.ACCEPT, Visit.Verdict.ACCEPTED, reason, evidence, by)


def _decide(
    visit: Visit, action: str, verdict: str, reason: str, evidence: dict[str, Any] | None, by: User | None
) -> Review:
    study = lock_study(visit.participation.study_id)
    person, now = lock_participation(visit.participation_id)
    decided = Visit.objects.filter(pk=visit.pk, verdict="").update(verdict=verdict, decided_at=now)
    if not decided:
        visit.refresh_from_db()
        raise ReviewError(f"This visit is {visit.get_verdict_display()} already.")
    review = _write(action, study, person, now, reason, visit=visit, evidence=evidence, by=by)
    # Nothing more is given out in a visit that was decided about.
    Participation.objects.filter(pk=person.pk, visit=visit).update(visit=None)
    if action == Review.Action.REJECT:
        turns = person.assignments.filter(visit=visit)
        drop_turns(study, person, turns, dropped=Assignment.Dropped.REJECTED, by=review)
    return review


@transaction.atomic
def undo_review(*, review: Review, reason: str, by: User | None = None) -> Review:
    """Take an exclusion or a rejection back: turns whose place is still free count again, the others stay as
    replaced. A rejected visit is accepted by that. Raises ReviewError.
    """
    study = lock_study(review.study_id)
    person, now = lock_participation(review.participation_id)
    if review.action not in (Review.Action.EXCLUDE, Review.Action.REJECT):
        raise ReviewError("Only an exclusion or a rejection can be undone; accepting is final.")
    if Review.objects.filter(undoes=review).exists():
        raise ReviewError("This was undone already.")
    undo = _write(Review.Action.UNDO, study, person, now, reason, visit=review.visit, undoes=review, by=by)
    if review.action == Review.Action.EXCLUDE:
        Participation.objects.filter(pk=person.pk).update(excluded_at=None)
        person.excluded_at = None
    else:
        Visit.objects.filter(reviews=review).update(verdict=Visit.Verdict.ACCEPTED, decided_at=now)
    restore_turns(study, person, review)
    return undo


def _write(
    action: str, study: Study, person: Participation, now: datetime, reason: str, **fields: Any
) -> Review:
    if not reason.strip():
        raise ReviewError("A verdict needs a reason, in words that can be read later.")
    fields["evidence"] = fields.get("evidence") or {}
    review = Review.objects.create(
        action=action, study=study, participation=person, created_at=now, reason=reason.strip(), **fields
    )
    details = {"rule": review.rule} if review.rule else {}
    if review.visit is not None:
        details["visit"] = str(review.visit.number)
    name = f"{person.pseudonym} in {study}"
    record(_ACTIONS[action], subject=person, project=study.project, by=review.by, name=name, details=details)
    return review
