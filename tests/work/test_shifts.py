"""What takes long gives way behind a slice, and is gone on with."""

from types import SimpleNamespace

import pytest

from daamweb.projects.jobs import run_erasure
from daamweb.projects.models import Erasure
from daamweb.projects.services.erasures import request_erasure
from daamweb.work import shifts
from daamweb.work.attempts import ShiftOver
from daamweb.work.shifts import Shift, one_shift
from generation.jobs import cancel_import, run_import, run_parse
from generation.models import Import, Parse, Prompt, PromptSet
from generation.services.import_requests import request_import
from generation.services.parses import queue_parse
from tests.factories import DOG, main_project, make_prompt_set
from tests.work.rows import same_row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch):
    """Slices of one prompt, each of which is a shift."""
    monkeypatch.setattr("generation.services.words.PROMPTS_AT_ONCE", 1)
    monkeypatch.setattr("generation.services.erasing.PROMPTS_AT_ONCE", 1)
    monkeypatch.setattr("daamweb.work.slices.Pace.heed", lambda pace, held: None)
    monkeypatch.setattr("daamweb.work.slices.PAUSE", 0)
    monkeypatch.setattr(shifts, "SECONDS", 0.0)
    monkeypatch.setattr(shifts, "TIMES_ITS_BEGINNING", 0)


@pytest.fixture
def pokes(monkeypatch):
    """What is told to workers: (job, key), the oldest first."""
    told = []

    def send(broker, job, key, *_):
        told.append((job, key))
        return True

    monkeypatch.setattr("daamweb.pokes._Broker.send", send)
    return told


def make_import() -> Import:
    lines = "".join(f"a cat and {number} dogs\n" for number in range(3)).encode()
    return request_import(project=main_project(), name="set", content=lines, file_name="a.txt")


def make_parse() -> Parse:
    return queue_parse(prompt_set=make_prompt_set([(f"a cat and {number} dogs", []) for number in range(3)]))


def make_erasure() -> Erasure:
    prompt_set = make_prompt_set([DOG] * 3)
    return request_erasure(subject=prompt_set, typed_name=str(prompt_set), by=None)


@pytest.mark.parametrize(
    ("job", "make"), [(run_import, make_import), (run_parse, make_parse), (run_erasure, make_erasure)]
)
def test_long_work_gives_way_behind_each_shift_and_is_done_in_the_end(pokes, job, make):
    row = make()
    others = [("another", 1)]
    pokes += [*others, (job, row.pk)]
    seen = []
    while (job, row.pk) in pokes:
        while pokes.pop(0) != (job, row.pk):
            pass
        job(row.pk)
        row = same_row(row)
        seen.append((row.state, row.attempts, row.done))
        assert len(seen) < 10
    *given_way, last = seen
    assert len(given_way) >= 2
    assert {(state, attempts) for state, attempts, _ in given_way} == {("queued", 0)}
    assert [done for *_, done in given_way] == sorted({done for *_, done in given_way})
    assert last[0] == "done"


def test_nothing_is_done_twice_or_left_out(pokes):
    row = make_import()
    for _ in range(6):
        run_import(row.pk)
    made = PromptSet.objects.get()
    assert [prompt.text for prompt in made.prompts.order_by("position")] == [
        f"a cat and {number} dogs" for number in range(3)
    ]
    assert made.parse_state != PromptSet.ParseState.IMPORTING


def test_what_is_left_of_a_cancelled_import_is_removed_in_shifts(pokes):
    row = make_import()
    run_import(row.pk)
    run_import(row.pk)
    assert Prompt.objects.count() == 2
    cancel_import(same_row(row), by=None)
    pokes.clear()
    run_import(row.pk)
    assert (Prompt.objects.count(), pokes) == (1, [(run_import, row.pk)])
    for _ in range(3):
        run_import(row.pk)
    assert not PromptSet.objects.exists()


def test_a_row_that_is_another_workers_by_now_is_not_put_back(pokes):
    row = make_parse()
    assert row.take()
    Parse.objects.filter(pk=row.pk).update(claim="0" * 32)
    with one_shift(run_parse, row):
        raise ShiftOver
    assert same_row(row).state == Parse.State.RUNNING
    assert pokes == []


@pytest.mark.parametrize(("first_slice", "length"), [(0.5, 8.0), (2.0, 8.0), (5.0, 20.0)])
def test_a_shift_is_longer_the_longer_it_took_to_begin(monkeypatch, first_slice, length):
    clock = [100.0]
    monkeypatch.setattr(shifts, "SECONDS", 8.0)
    monkeypatch.setattr(shifts, "TIMES_ITS_BEGINNING", 4)
    monkeypatch.setattr(shifts, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    shift = Shift()
    clock[0] += first_slice
    shift.look(1, 2)
    clock[0] += length - 0.1
    shift.look(2, 2)
    clock[0] += 0.1
    with pytest.raises(ShiftOver):
        shift.look()
