"""The languages of a study while it is a draft, and the one that somebody reads it in."""

from typing import Any

from django.db import IntegrityError, transaction

from annotations.errors import StudyError
from annotations.kinds.registry import get_kind
from annotations.models import Assignment, Participation, Study, StudyText
from annotations.services.locks import lock_participation, lock_study
from annotations.services.readers import as_read, ask_for_reader
from annotations.texts import TEXT_FIELDS, kinds_text, serves, wording_problems
from daamweb.languages import english_name_of, is_tag
from daamweb.projects.errors import EditRefusedError, NotEditableError
from daamweb.projects.models import Action
from daamweb.projects.services.editing import store_edit
from daamweb.projects.services.events import Actor, record
from daamweb.projects.shown import Shown

# In a study's own language the rest is edited with its design.
OWN_FIELDS = {"wordings", "reviewed_by"}


@transaction.atomic
def add_language(*, study: Study, language: str, by: Actor = None) -> StudyText:
    """Of a draft: with what the kind says in that language, as far as it speaks it. Raises StudyError."""
    locked = _lock_draft(study)
    if not is_tag(language):
        raise StudyError(f"“{language[:20]}” is no tag of a language; one is such as en, de, zh-hans or ar.")
    if language == locked.language:
        raise StudyError(f"{english_name_of(language)} is the study’s own language.")
    is_known = serves(get_kind(locked.kind), language) is not None
    row = kinds_text(locked, language) if is_known else StudyText(study=locked, language=language)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise StudyError(f"The study has {english_name_of(language)} already.") from error
    record(Action.MADE, subject=row, project=locked.project, by=by)
    return row


@transaction.atomic
def edit_texts(
    *, row: Study | StudyText, typed: dict[str, Any], shown: Shown | None = None, by: Actor = None
) -> bool:
    """Store what a draft says in one language; of its own only the wordings and who read them. Where it says
    something else now, who read it is asked for again. False if it is stored already. Raises
    NotEditableError, EditRefusedError, EditConflictError."""
    study = row if isinstance(row, Study) else row.study
    try:
        locked = _lock_draft(study)
    except StudyError as error:
        raise NotEditableError(str(error)) from error
    _check_texts(locked, typed, is_own=isinstance(row, Study))
    text: Study | StudyText | None = locked
    if isinstance(row, StudyText):
        text = StudyText.objects.filter(pk=row.pk).select_related("study").first()
    if text is None:
        raise NotEditableError(f"Somebody removed {english_name_of(row.language)} meanwhile.")
    before = as_read(text)
    is_stored = store_edit(locked=text, typed=typed, shown=shown, by=by)
    ask_for_reader(locked=text, before=before, by=by)
    return is_stored


def _check_texts(study: Study, typed: dict[str, Any], *, is_own: bool) -> None:
    """Raises EditRefusedError."""
    others = set(TEXT_FIELDS) if study.pay else set(TEXT_FIELDS) - {"pay"}
    for name in typed.keys() - (OWN_FIELDS if is_own else others):
        raise EditRefusedError(name, f"“{name}” is not edited with what a study says in a language.")
    known, said = get_kind(study.kind).wordings(study.options), typed.get("wordings", {})
    for key in said.keys() - known:
        raise EditRefusedError("wordings", f"Nothing in this study is called “{key}”, so it needs no words.")
    for problem in wording_problems(known, said).values():
        raise EditRefusedError("wordings", problem)


@transaction.atomic
def remove_language(*, row: StudyText, by: Actor = None) -> None:
    """Raises StudyError where the study is not a draft any more."""
    study = _lock_draft(row.study)
    found = StudyText.objects.filter(pk=row.pk).first()
    if found is not None:
        record(Action.DELETED, subject=found, project=study.project, by=by)
        found.delete()


def _lock_draft(study: Study) -> Study:
    locked = lock_study(study.pk)
    if locked.state != Study.State.DRAFT:
        raise StudyError(f"“{locked.name}” is {locked.get_state_display()}, and not a draft any more.")
    return locked


@transaction.atomic
def choose_language(*, participation: Participation, language: str) -> None:
    """The person reads the study in this language from now on, the task that they are at included."""
    person, _ = lock_participation(participation.pk)
    Participation.objects.filter(pk=person.pk).update(language=language)
    person.assignments.filter(state=Assignment.State.CLAIMED).update(language=language)
    participation.language = language
