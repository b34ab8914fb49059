"""Each statement against the queryset that it was made from: the same rows, whatever is asked with."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Model, Q, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.models import Assignment, Participation, Place, Response, Study
from daamweb.compiled import Parameter, Rows, Update, insert
from tests.factories import answer_next, make_annotator, make_open_study, make_participation, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    study = make_open_study(replicas=2)
    for _ in range(2):
        answer_next(study, make_annotator(), {"choice": 4})
    return study


def loaded(row: Model) -> dict[str, object]:
    """What a row knows without asking again; of those beside it, too."""
    fields = {name: value for name, value in vars(row).items() if not name.startswith("_")}
    beside = row._state.fields_cache.items()
    return fields | {name: None if each is None else loaded(each) for name, each in beside}


def turns(**asked: object) -> QuerySet[Assignment]:
    return (
        Assignment.objects.filter(**asked)
        .select_related("task__generation", "place", "participation")
        .only("number", "claimed_at", "display", "task__payload", "task__generation__image", "place__order",
              "participation__seed")
        .annotate(next_number=F("number") + 1)
        .order_by("pk")
    )  # fmt: skip


def test_rows_are_those_of_the_queryset(study):
    compiled = Rows(lambda: turns(participation=Parameter("person")))
    people = Participation.objects.all()
    assert len(people) == 2
    for person in people:
        expected = [loaded(row) for row in turns(participation=person.pk)]
        assert [loaded(row) for row in compiled(person=person.pk)] == expected != []
    assert compiled(person=0) == []


def test_what_was_not_read_is_read_when_it_is_asked_for(study):
    turn = Rows(lambda: turns(number=Parameter("number"))).only(number=1)
    assert turn.state == Assignment.State.SUBMITTED  # deferred
    assert turn._state.db == "default"
    assert not turn._state.adding


@pytest.mark.breaks_rows
def test_a_row_beside_that_is_missing_is_none(study):
    Assignment.objects.update(place=None)
    turn = Rows(lambda: turns(number=Parameter("number"))).only(number=1)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert turn.place is None
    assert len(asked) == 0


def test_tuples_are_those_of_the_values_list(study):
    names = ("claimed_at", "display", "interrupted", "task__payload", "participation__pseudonym")

    def tuples(moment: object) -> QuerySet[Assignment]:
        return Assignment.objects.filter(claimed_at__lt=moment).order_by("pk").values_list(*names)

    compiled = Rows(lambda: tuples(Parameter("moment")))
    now = timezone.now()
    assert compiled(moment=now) == list(tuples(now))
    assert len(compiled(moment=now)) == 2
    assert compiled(moment=now - timedelta(days=1)) == []


def test_one_value_stands_wherever_it_is_named(study):
    person = Participation.objects.first()
    either = Q(pk=Parameter("pk"), cursor=F("cursor")) | Q(pk=Parameter("pk"), answered=0)
    assert Rows(lambda: Participation.objects.filter(either)).only(pk=person.pk) == person


def test_the_sql_is_made_once(study):
    made = []

    def ask() -> QuerySet[Study]:
        made.append(1)
        return Study.objects.filter(pk=Parameter("pk"))

    compiled = Rows(ask)
    assert made == []
    assert compiled.only(pk=study.pk) == study
    assert compiled.only(pk=0) is None
    assert made == [1]


def test_a_value_that_is_missing_is_named(study):
    with pytest.raises(KeyError, match="pk"):
        Rows(lambda: Study.objects.filter(pk=Parameter("pk")))(slug="x")


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_in_a_transaction_only():
    study = make_study()
    locked = Rows(lambda: Study.objects.select_for_update().filter(pk=Parameter("pk")))
    with transaction.atomic():
        assert locked.only(pk=study.pk) == study
    with pytest.raises(transaction.TransactionManagementError, match="in a transaction"):
        locked.only(pk=study.pk)


@pytest.mark.breaks_rows
def test_an_update_changes_its_rows_only_and_says_how_many(study):
    later = timezone.now() + timedelta(days=1)
    update = Update(
        lambda: Assignment.objects.filter(number=1, participation__lte=Parameter("last")),
        display=Parameter("display"), lease_expires_at=Parameter("moment"), interrupted=Parameter("left"),
        language=Parameter("language"), dropped_by=None, revision=F("revision") + 1,
    )  # fmt: skip
    first, second = Assignment.objects.order_by("participation")
    last = first.participation_id
    assert update(last=last, display={"a": [1, None]}, moment=later, left=True, language="de") == 1
    first.refresh_from_db()
    assert (first.display, first.lease_expires_at) == ({"a": [1, None]}, later)
    assert (first.interrupted, first.language, first.revision) == (True, "de", 1)
    before = loaded(second)
    second.refresh_from_db()
    assert loaded(second) == before
    assert update(last=0, display={}, moment=later, left=False, language="") == 0


def test_an_update_sets_nothing_where_nothing_is_given(study):
    place = Place.objects.open().first()
    reserve = Update(
        lambda: Place.objects.filter(pk=Parameter("place")),
        reserved_for=Parameter("person"), reserved_until=Parameter("until"),
    )  # fmt: skip
    person = make_participation(study)
    until = timezone.now()
    assert reserve(place=place.pk, person=person.pk, until=until) == 1
    place.refresh_from_db()
    assert (place.reserved_for, place.reserved_until) == (person, until)
    assert reserve(place=place.pk, person=None, until=None) == 1
    place.refresh_from_db()
    assert (place.reserved_for, place.reserved_until) == (None, None)


def a_response(turn: Assignment) -> Response:
    return Response(
        assignment=turn, revision=1, base=0, token=uuid.uuid4(), answer={"choice": 2, "words": ["é", "\\"]},
        created_at=timezone.now(), visible_spans=[[0, 5]],
    )  # fmt: skip


@pytest.mark.breaks_rows
def test_a_row_is_inserted_as_it_would_be_saved(study):
    turn, other = Assignment.objects.order_by("pk")
    inserted, saved = a_response(turn), a_response(other)
    insert(inserted)
    saved.save(force_insert=True)
    assert not inserted._state.adding
    assert inserted._state.db == "default"
    assert inserted == Response.objects.get(assignment=turn, revision=1)
    read = [loaded(Response.objects.get(pk=each.pk)) for each in (inserted, saved)]
    for row in read:
        assert row.pop("answer") == {"choice": 2, "words": ["é", "\\"]}
        for name in ("id", "assignment_id", "token", "created_at"):
            row.pop(name)
    assert read[0] == read[1]


@pytest.mark.parametrize("write", ["insert", "update"])
def test_what_the_database_refuses_ends_the_transaction(study, write):
    turn = Assignment.objects.first()
    twice = a_response(turn)
    twice.revision, twice.base = 0, None
    clear = Update(lambda: Assignment.objects.filter(pk=Parameter("pk")), submitted_at=Parameter("moment"))
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            insert(twice) if write == "insert" else clear(pk=turn.pk, moment=None)
        assert transaction.get_rollback()
        transaction.set_rollback(connection.vendor == "postgresql")
