"""An annotator's way through a study, around the tasks themselves."""

import secrets
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Max

from annotations.erased import tell_erased
from annotations.errors import StudyNotOpenError
from annotations.kinds.registry import get_kind
from annotations.models import (
    Annotator,
    Assignment,
    Participation,
    ProblemReport,
    Response,
    Review,
    Study,
    Visit,
)
from annotations.models.participations import new_completion_code, new_seed
from annotations.ring import first_cursor, own_order
from annotations.services.locks import database_now, lock_participation, lock_study, share_study
from annotations.services.turns import drop_reservation, drop_turns


def join_by_link(*, study: Study, annotator: Annotator | None, language: str = "") -> Participation:
    """Record consent; make the annotator if this browser has none yet. Raises StudyNotOpenError."""
    if study.state != Study.State.OPEN:  # looked at again, under a lock
        raise StudyNotOpenError(f"“{study.title}” takes nobody new at the moment.")
    if annotator is None:
        annotator = Annotator.objects.create(
            project_id=study.project_id,
            platform=Annotator.Platform.LINK,
            external_id=secrets.token_urlsafe(16),
        )
    return join_study(study=study, annotator=annotator, unit_id=study.slug, language=language)


def join_by_account(*, study: Study, user: User, language: str = "") -> Participation:
    """Record consent of somebody who is logged in: one person, in whatever browser. Raises
    StudyNotOpenError."""
    if study.state != Study.State.OPEN:
        raise StudyNotOpenError(f"“{study.title}” takes nobody new at the moment.")
    annotator, _ = Annotator.objects.get_or_create(
        project_id=study.project_id, platform=Annotator.Platform.ACCOUNT, external_id=str(user.pk)
    )
    return join_study(study=study, annotator=annotator, unit_id=study.slug, language=language)


@transaction.atomic
def move_to_device(*, participation_id: int) -> str:
    """The person goes on at another device, whose name is returned; what was their device is so no longer."""
    person, _ = lock_participation(participation_id)
    device = secrets.token_hex(8)
    Participation.objects.filter(pk=person.pk).update(device=device)
    return device


@transaction.atomic
def join_study(
    *, study: Study, annotator: Annotator, unit_id: str, number: int = 1, language: str = ""
) -> Participation:
    """One person's participation, and the visit through the platform's unit of pay `unit_id`; both are made
    if they are not there. `language` is a newcomer's. Raises StudyNotOpenError."""
    is_known = Participation.objects.filter(study=study, annotator=annotator).exists()
    # People are numbered: whoever is new has the study alone for that moment.
    locked = share_study(study.pk) if is_known else lock_study(study.pk)
    if locked.state != Study.State.OPEN:
        raise StudyNotOpenError(f"“{locked.title}” takes nobody new at the moment.")
    now = database_now()
    found = Participation.objects.filter(study=locked, annotator=annotator).first()
    if found is None:
        person = _new_participation(locked, annotator, language, now)
    else:
        person, _ = lock_participation(found.pk)  # two tabs make one visit
    visit = _visit(person, annotator, unit_id, number, now)
    if person.visit_id != visit.pk:
        person.visit = visit
        person.save(update_fields=["visit"])
    return person


def _visit(person: Participation, annotator: Annotator, unit_id: str, number: int, now: datetime) -> Visit:
    """This visit of this person; another one, with the next number, where the unit was decided about or is
    known from another study."""
    unit = Visit.objects.filter(platform=annotator.platform, unit_id=unit_id, annotator=annotator)
    found = unit.filter(participation=person, number__gte=number, verdict="").order_by("number").first()
    if found is not None:
        return found
    last = unit.aggregate(last=Max("number"))["last"] or 0
    return Visit.objects.create(
        platform=annotator.platform,
        unit_id=unit_id,
        annotator=annotator,
        number=max(number, last + 1),
        participation=person,
        arrived_at=now,
    )


def _new_participation(study: Study, annotator: Annotator, language: str, now: datetime) -> Participation:
    last = Participation.objects.filter(study=study).order_by("-ordinal").values_list("ordinal", flat=True)
    ordinal = next(iter(last[:1]), -1) + 1
    cursor = first_cursor(ordinal, study.items + study.controls)
    seed = new_seed()
    person = Participation(
        study=study,
        annotator=annotator,
        ordinal=ordinal,
        seed=seed,
        completion_code=_free_code(study),
        option_order=own_order(seed, get_kind(study.kind).options_to_order(study.options)),
        cursor=cursor,
        lap_ends_at=cursor + study.places_wanted,
        lap_reopenings=study.reopenings,
        item_cap=study.item_cap,
        language=language,
        consent_language=language,
        consented_at=now,
    )
    person.other_codes = person.derive_other_codes()
    person.save(force_insert=True)
    return person


def _free_code(study: Study) -> str:
    """One that nobody of the study has: of 100,000 people's two are often the same. Whoever is new has the
    study alone."""
    code = new_completion_code()
    while Participation.objects.filter(study=study, completion_code=code).exists():
        code = new_completion_code()
    return code


@transaction.atomic
def withdraw(*, participation: Participation) -> Participation:
    """The person wants out: nothing of theirs counts any more, and their places are free while the study
    runs. What they answered is kept, marked as withdrawn; `erase_answers` forgets it."""
    study = lock_study(participation.study_id)
    person, now = lock_participation(participation.pk)
    Participation.objects.filter(pk=person.pk, withdrew_at=None).update(withdrew_at=now)
    drop_turns(study, person, person.assignments.all(), dropped=Assignment.Dropped.WITHDRAWN)
    person.assignments.filter(state=Assignment.State.CLAIMED).update(
        state=Assignment.State.RETURNED, ended_at=now
    )
    drop_reservation(study, person)
    person.refresh_from_db()
    return person


# Verdicts stay, since places and money follow from them; what was said of the person does not.
ERASED_REASON = "erased with the person’s answers"


@transaction.atomic
def erase_answers(*, participation: Participation) -> int:
    """Forget what this person answered, and which problems were reported; return how many answers (revisions
    included). The turns stay, stop counting, and reports count them as erased."""
    study = lock_study(participation.study_id)
    person, now = lock_participation(participation.pk)
    drop_turns(study, person, person.assignments.all(), dropped=Assignment.Dropped.ERASED)
    person.assignments.filter(counts=False).update(dropped=Assignment.Dropped.ERASED, dropped_by=None)
    person.assignments.filter(interrupted=True).update(interrupted=False)
    person.assignments.filter(state=Assignment.State.CLAIMED).update(
        state=Assignment.State.RETURNED, ended_at=now
    )
    drop_reservation(study, person)
    erased = Response.objects.filter(assignment__participation=person, erased_at=None).update(
        answer=None,
        layout={},
        milliseconds=None,
        painted=Response.Painted.UNKNOWN,
        painted_milliseconds=None,
        first_input_milliseconds=None,
        visible_spans=[],
        flags=[],
        erased_at=now,
    )
    ProblemReport.objects.filter(participation=person).delete()
    Review.objects.filter(participation=person).update(reason=ERASED_REASON, evidence={})
    Participation.objects.filter(pk=person.pk).update(
        erased_at=now, withdrew_at=person.withdrew_at or now, changes=F("changes") + 1, address_key=""
    )
    tell_erased(study)
    return erased
