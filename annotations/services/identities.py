"""Erase people: what they answered, and what says who they are."""

import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from annotations.models import Annotator, EntryCode, Participation, Study, Visit
from annotations.models.participations import new_completion_code
from annotations.services.locks import lock_study
from annotations.services.participations import erase_answers
from daamweb.projects.models import Action
from daamweb.projects.services.editing import store_edit
from daamweb.projects.services.events import SITE, record
from daamweb.projects.shown import Shown

PEOPLE_AT_ONCE = 200


def erase_person(*, participation: Participation, by: User | None) -> int:
    """Forget what this person answered in every study of the project, and who they are; return how many
    answers there were. Each study in a transaction of its own, the one that was asked for last, since its
    participation leads to the others until then: whoever asks again after a failure goes on with the rest."""
    answers = 0
    theirs = Participation.objects.select_related("study__project").filter(
        annotator=participation.annotator_id
    )
    for each in sorted(theirs, key=lambda other: (other.pk == participation.pk, other.pk)):
        answers += _erase_in_study(each, by)
    return answers


@transaction.atomic
def _erase_in_study(participation: Participation, by: User | None) -> int:
    erased = erase_answers(participation=participation)
    forget_identity(participation=participation)
    study = participation.study
    record(
        Action.ERASED,
        subject=participation,
        project=study.project,
        by=by,
        name=f"{participation.pseudonym} in {study}",
        details={"answers": erased},
    )
    return erased


@transaction.atomic
def forget_identity(*, participation: Participation) -> None:
    """Let the participation and its visits lead to nobody: to an annotator who is known from nowhere else,
    with other ids and other codes; no entry code leads to it. Who is known from no other study then is
    deleted."""
    annotator = Annotator.objects.select_related("project").get(pk=participation.annotator_id)
    nobody = Annotator.objects.create(
        project=annotator.project,
        platform=annotator.platform,
        external_id=_nobodys_id(),
        forgotten_at=timezone.now(),
    )
    for visit in Visit.objects.filter(participation=participation):
        Visit.objects.filter(pk=visit.pk).update(annotator=nobody, unit_id=_nobodys_id())
    participation.completion_code = new_completion_code()
    Participation.objects.filter(pk=participation.pk).update(
        annotator=nobody,
        completion_code=participation.completion_code,
        other_codes=participation.derive_other_codes(),
        address_key="",
    )
    EntryCode.objects.filter(participation=participation).delete()
    Annotator.objects.filter(pk=annotator.pk, participations=None, visits=None).delete()


def _nobodys_id() -> str:
    return f"forgotten-{secrets.token_urlsafe(12)}"


@transaction.atomic
def set_retention(*, study: Study, days: int | None, by: User | None, shown: Shown | None = None) -> None:
    """Say how long after its closing it is known who took part. `shown` is how the study was when a form was
    made of it; None where none was. Raises EditConflictError."""
    typed = {"keep_identities_days": days}
    store_edit(locked=lock_study(study.pk), typed=typed, shown=shown, by=by)
    study.keep_identities_days = days


def due_studies() -> list[Study]:
    """Closed ones whose time to know who took part is over. By the database's clock: what a worker with a
    wrong one forgets comes back by nothing."""
    closed = Study.objects.select_related("project").filter(
        state=Study.State.CLOSED, identities_erased_at=None, keep_identities_days__isnull=False
    )
    return [
        study for study in closed.defer("left_out", "recipe").annotate(now=Now()) if _is_due(study, study.now)
    ]


def _is_due(study: Study, now: datetime) -> bool:
    if study.closed_at is None or study.keep_identities_days is None:
        return False
    return study.closed_at + timedelta(days=study.keep_identities_days) <= now


def forget_identities(*, study: Study) -> int:
    """Of everybody who took part, in slices; return how many were forgotten. Goes on where it was."""
    people = Participation.objects.filter(study=study, annotator__forgotten_at=None).order_by("pk")
    forgotten = 0
    while some := list(people[:PEOPLE_AT_ONCE]):
        for person in some:
            forget_identity(participation=person)
        forgotten += len(some)
    EntryCode.objects.filter(study=study).delete()  # a label may be a name, of somebody who never came
    with transaction.atomic():
        done = Study.objects.filter(pk=study.pk, identities_erased_at=None).update(
            identities_erased_at=timezone.now()
        )
        if done:
            details = {"identities": forgotten, "after_days": study.keep_identities_days}
            record(Action.ERASED, subject=study, project=study.project, by=SITE, details=details)
    return forgotten
