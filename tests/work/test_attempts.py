"""Whatever is raised behind the edge of a job is in the log and written down, and holds no memory."""

import logging
import weakref

import pytest

from daamweb.work.attempts import recorded


class Batch:
    """Something large."""


def test_what_goes_well_is_not_written_down(caplog):
    written = []
    with recorded(written.append, "Report 3") as attempt:
        result = 1 + 1
    assert (result, attempt.error, written, caplog.records) == (2, "", [], [])


@pytest.mark.parametrize(
    ("error", "written_down"),
    [
        (RuntimeError("CUDA out of memory"), "RuntimeError: CUDA out of memory"),
        (KeyError("head"), "KeyError: 'head'"),
        (AssertionError("shapes differ"), "AssertionError: shapes differ"),
        (MemoryError(), "MemoryError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_raised_is_written_down_with_its_name(error, written_down):
    written = []
    with recorded(written.append, "Report 3") as attempt:
        raise error
    assert written == [written_down] == [attempt.error]


def test_the_log_says_what_failed_with_the_traceback(caplog):
    def analyse():
        raise ZeroDivisionError("no rows")

    with recorded(lambda error: None, "Report 3"):
        analyse()
    [record] = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "Report 3 failed.")
    assert "in analyse" in caplog.text
    assert "ZeroDivisionError: no rows" in caplog.text


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_a_worker_that_is_told_to_stop_stops(interruption):
    written = []
    with pytest.raises(interruption), recorded(written.append, "Report 3"):
        raise interruption
    assert written == []


def test_what_is_raised_while_writing_down_is_not_lost():
    def fail(error: str) -> None:
        raise OSError("database is gone")

    with pytest.raises(OSError, match="database is gone") as caught, recorded(fail, "Report 3"):
        raise ValueError("no rows")
    assert str(caught.value.__context__) == "no rows"


def test_the_failed_batch_is_let_go_though_the_error_is_kept():
    kept = []
    batches = []

    def generate():
        batch = Batch()
        batches.append(weakref.ref(batch))
        kept.append(RuntimeError("CUDA out of memory"))
        raise kept[0]

    with recorded(lambda error: None, "Batch 3"):
        generate()
    assert kept[0].__traceback__
    assert batches[0]() is None
