"""Who waits for whom. Always in this order: the study, the person, the address of those who have answered
nothing yet, turns and places.

Whoever answers shares the study and checks its state under that lock; whoever changes the state, or frees
places, has the study alone. So nothing is accepted by a study that has closed. Times come from the database,
read after the locks were had."""

from datetime import datetime
from hashlib import sha256

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from annotations.models import Participation, Study
from daamweb.compiled import Parameter, Rows, Update

# Without the long texts, which no rating needs.
_COLUMNS = (
    "id", "project", "name", "slug", "kind", "title", "state", "replicas", "share_cap", "lease_minutes",
    "check_every", "items", "controls", "checks", "practices", "reopenings", "closes_at", "access",
    "min_width", "unanswered_at_most", "unanswered_share", "unanswered_minutes",
    "stops_everybody",
)  # fmt: skip
_OTHER_COLUMNS = [
    f"study__{field.name}" for field in Study._meta.concrete_fields if field.name not in _COLUMNS
]
# What an answer and a claim change of a person's row.
_PROGRESS = (
    "cursor", "lap_ends_at", "lap_reopenings", "turns", "answered", "checks_given", "practices_given",
    "places_given", "items_held", "places_filled", "items_filled", "changes", "began_at", "last_answer_at",
    "finished_at", "waiting_since", "interrupted_at", "address_key",
)  # fmt: skip

# Where our keys begin among the database's advisory locks; a study's is this and its id.
_GATE = 0x6461616D << 32


def share_study(pk: int) -> Study:
    """The study, whose state stays as it is until the transaction ends, without its long texts. SQLite has a
    single writer anyway.

    Raises Study.DoesNotExist.
    """
    _pass_gate(pk, "pg_advisory_xact_lock_shared")
    return Study.objects.only(*_COLUMNS).get(pk=pk)


def lock_study(pk: int) -> Study:
    """The study for this transaction alone: whoever changes its state, or frees its places, comes through
    here. Raises Study.DoesNotExist."""
    _pass_gate(pk, "pg_advisory_xact_lock")
    return Study.objects.select_for_update(no_key=True).get(pk=pk)


def _pass_gate(pk: int, lock: str) -> None:
    """First come, first served.

    Whoever shares a row in PostgreSQL overtakes whoever waits to have it alone: while answers keep coming, a
    study would not close, and no place come back. Those who want an advisory lock queue; and sharing one
    writes nothing, while every share of a row does."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {lock}(%s)", [_GATE + pk])


def lock_address(key: str) -> None:
    """What people of one address hold is counted by one of them at a time."""
    if connection.vendor == "postgresql":
        number = int.from_bytes(sha256(key.encode()).digest()[:8], signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def lock_to_rate(participation: Participation) -> tuple[Study, Participation, datetime]:
    """What `share_study` and `lock_participation` give, of one person, in one statement behind the gate.

    Raises Participation.DoesNotExist.
    """
    _pass_gate(participation.study_id, "pg_advisory_xact_lock_shared")
    person = _to_rate.only(pk=participation.pk)
    if person is None:
        raise Participation.DoesNotExist(f"Participation {participation.pk} is gone.")
    return person.study, person, _now_of(person)


def save_progress(person: Participation) -> None:
    """Of somebody whose row is locked: what an answer or a claim changed of it, in one update."""
    _progress(pk=person.pk, **{name: getattr(person, name) for name in _PROGRESS})


def lock_participation(pk: int) -> tuple[Participation, datetime]:
    """One person's row for this transaction alone, which makes all that one person does take turns; and the
    database's clock, read after the study's lock was had."""
    person = _locked(Participation.objects.all()).get(pk=pk)
    return person, _now_of(person)


def _locked(people: QuerySet[Participation]) -> QuerySet[Participation]:
    if connection.vendor == "sqlite":
        return people
    return people.select_for_update(no_key=True, of=("self",)).annotate(now=Now())


def _now_of(person: Participation) -> datetime:
    # SQLite is on the same machine, and its own clock has milliseconds.
    return timezone.now() if connection.vendor == "sqlite" else vars(person)["now"]


_to_rate = Rows(
    lambda: _locked(
        Participation.objects.select_related("study")
        .defer(*_OTHER_COLUMNS)
        .filter(pk=Parameter("pk"))
        .order_by()
    )
)
_progress = Update(
    lambda: Participation.objects.filter(pk=Parameter("pk")), **{name: Parameter(name) for name in _PROGRESS}
)


def database_now() -> datetime:
    """The database's clock, to be asked under a lock."""
    if connection.vendor == "sqlite":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now
