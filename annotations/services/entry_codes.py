"""Entry codes: a researcher makes them, somebody enters one, and it leads to one participation for good."""

import csv
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db import transaction
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from annotations.errors import EntryCodeError, WrongCodeError
from annotations.models import Annotator, EntryCode, Participation, Study
from annotations.models.entry_codes import LONGEST_LABEL
from annotations.services.locks import lock_study
from annotations.services.participations import join_study, move_to_device
from daamweb.projects.models import Action
from daamweb.projects.services.events import Actor, record

# None of these is taken for another one, whoever reads them from paper.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LETTERS, GROUP = 12, 4
MOST_AT_ONCE = 500


class SupportsWrite(Protocol):
    def write(self, text: str, /) -> object: ...


@dataclass(frozen=True)
class MadeCode:
    """Known here and nowhere else."""

    label: str
    code: str


def make_entry_codes(
    *, study: Study, count: int, labels: Sequence[str] = (), by: Actor = None
) -> list[MadeCode]:
    """So many codes, by their labels; P01, P02, … go on where there are none. Raises EntryCodeError."""
    labels = [label.strip() for label in labels]
    if labels and len(labels) != count:
        raise EntryCodeError(f"There are {len(labels)} labels for {count} codes; give one for each.")
    if not 1 <= count <= MOST_AT_ONCE:
        raise EntryCodeError(f"{count} codes cannot be made at once; ask for 1 to {MOST_AT_ONCE}.")
    with transaction.atomic():
        locked = lock_study(study.pk)
        if locked.access != Study.Access.CODES:
            raise EntryCodeError(f"{locked.name!r} is for {locked.get_access_display()}; it takes no codes.")
        before = EntryCode.objects.filter(study=locked).count()
        labels = labels or _next_labels(locked, before, count)
        _check_labels(locked, labels)
        made = [MadeCode(label, _draw_code()) for label in labels]
        EntryCode.objects.bulk_create(
            EntryCode(study=locked, label=each.label, code_sha256=code_sha256(locked, each.code))
            for each in made
        )
        details = {"entry codes": [before, before + count]}
        record(Action.EDITED, subject=locked, project=locked.project, by=by, details=details)
    return made


def _next_labels(study: Study, before: int, count: int) -> list[str]:
    taken = set(EntryCode.objects.filter(study=study).values_list("label", flat=True))
    numbers = range(1, before + count + 1)
    free = [label for label in (f"P{number:02}" for number in numbers) if label not in taken]
    return free[:count]


def _check_labels(study: Study, labels: Sequence[str]) -> None:
    if wrong := [label for label in labels if not label or len(label) > LONGEST_LABEL]:
        raise EntryCodeError(
            f"A label has 1 to {LONGEST_LABEL} characters; this one has {len(wrong[0])}: {wrong[0][:80]!r}."
        )
    if wrong := [label for label in labels if not label[0].isalnum()]:
        # Whoever opens the file in a spreadsheet must not run it as a formula.
        raise EntryCodeError(f"A label begins with a letter or a digit, unlike {wrong[0]!r}.")
    if twice := {label for label in labels if labels.count(label) > 1}:
        raise EntryCodeError(f"Each label is given once; these came more than once: {_listed(twice)}.")
    known = EntryCode.objects.filter(study=study, label__in=labels)
    if taken := set(known.values_list("label", flat=True)):
        raise EntryCodeError(f"{study.name!r} has codes with these labels already: {_listed(taken)}.")


def _listed(labels: set[str]) -> str:
    return ", ".join(sorted(labels)[:10])


def _draw_code() -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))
    return "-".join(re.findall("." * GROUP, letters))


def code_sha256(study: Study, code: str) -> str:
    """What the database has for a code, however it was typed: nothing that leads to it without SECRET_KEY."""
    plain = re.sub(r"[\W_]", "", code).upper()
    return salted_hmac("annotations.entry_codes", f"{study.pk} {plain}", algorithm="sha256").hexdigest()


def made_codes(*, study: Study, codes: Sequence[str]) -> list[MadeCode]:
    """Codes of the study with their labels, in their order. Raises EntryCodeError where one is none of it."""
    hashes = {code_sha256(study, code): code for code in codes}
    rows = EntryCode.objects.filter(study=study, code_sha256__in=hashes)
    found = [MadeCode(row.label, hashes[row.code_sha256]) for row in rows.order_by("pk")]
    if not codes or len(found) != len(codes):
        raise EntryCodeError("These are not codes of this study.")
    return found


def write_codes(codes: Sequence[MadeCode], file: SupportsWrite) -> None:
    """As CSV: label, code."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["label", "code"])
    writer.writerows([each.label, each.code] for each in codes)


def enter(*, study: Study, code: str, language: str = "") -> Participation:
    """The participation that the code names; it is made, with consent, when the code is entered for the first
    time. Raises WrongCodeError and StudyNotOpenError."""
    sha256 = code_sha256(study, code)
    row = EntryCode.objects.select_related("participation").filter(study=study, code_sha256=sha256).first()
    if row is None or row.revoked_at is not None:
        raise WrongCodeError(was_revoked=row is not None)
    return row.participation or _begin(study, row, language)


@transaction.atomic
def _begin(study: Study, row: EntryCode, language: str) -> Participation:
    lock_study(study.pk)  # of two who enter it at once one begins, and the other one goes on
    row = EntryCode.objects.select_related("participation").get(pk=row.pk)
    if row.revoked_at is not None:
        raise WrongCodeError(was_revoked=True)
    if row.participation is not None:
        return row.participation
    annotator, _ = Annotator.objects.get_or_create(
        project_id=study.project_id, platform=Annotator.Platform.CODE, external_id=str(row.pk)
    )
    person = join_study(study=study, annotator=annotator, unit_id=study.slug, language=language)
    EntryCode.objects.filter(pk=row.pk).update(participation=person)
    return person


def replace_entry_code(*, study: Study, label: str, by: Actor = None) -> MadeCode:
    """Another code for the same participation, as for somebody who lost theirs: the old one lets nobody in
    any more, and whoever is at it can go on no further. Raises EntryCodeError."""
    with transaction.atomic():
        locked = lock_study(study.pk)
        row = _labelled(locked, label)
        made = MadeCode(row.label, _draw_code())
        EntryCode.objects.filter(pk=row.pk).update(
            code_sha256=code_sha256(locked, made.code), revoked_at=None
        )
        _leave_devices(row)
        details = {"entry codes": "one replaced"}
        record(Action.EDITED, subject=locked, project=locked.project, by=by, details=details)
    return made


def _labelled(study: Study, label: str) -> EntryCode:
    row = EntryCode.objects.filter(study=study, label=label).first()
    if row is None:
        raise EntryCodeError(f"{study.name!r} has no entry code with the label {label!r}.")
    return row


def _leave_devices(row: EntryCode) -> None:
    """Whoever is at the participation is so no longer."""
    if row.participation_id is not None:
        move_to_device(participation_id=row.participation_id)


def revoke_entry_code(*, study: Study, label: str, by: Actor = None) -> EntryCode:
    """It lets nobody in any more, and whoever is at it can go on no further. Answers stay. Raises
    EntryCodeError."""
    with transaction.atomic():
        locked = lock_study(study.pk)
        row = _labelled(locked, label)
        if not EntryCode.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=Now()):
            raise EntryCodeError(f"The entry code {label!r} was revoked already.")
        _leave_devices(row)
        details = {"entry codes": "one revoked"}
        record(Action.EDITED, subject=locked, project=locked.project, by=by, details=details)
    row.refresh_from_db()
    return row


@transaction.atomic
def take_over(*, participation: Participation) -> str:
    """The person goes on at another device, whose name is returned. Raises WrongCodeError where the code was
    revoked, also just now: whoever revokes it waits for the participation's row."""
    device = move_to_device(participation_id=participation.pk)
    if EntryCode.objects.filter(participation=participation, revoked_at__isnull=False).exists():
        raise WrongCodeError(was_revoked=True)
    return device
