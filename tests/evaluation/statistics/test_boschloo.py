import logging

import pytest
from scipy import stats

from evaluation.statistics.boschloo import boschloo_p


@pytest.fixture(autouse=True)
def _computed_anew():
    boschloo_p.cache_clear()


def test_it_is_twice_the_one_sided_p():
    # 2 of 2 against 0 of 1. One-sided, no other table is as extreme: p²(1 - p) is largest at p = 2/3, 4/27.
    # By Fisher's two-sided p, 1/3, the opposite table counts too: p²(1 - p) + p(1 - p)² is at most 1/4.
    assert boschloo_p(2, 2, 0, 1) == pytest.approx(8 / 27, abs=1e-7)


def test_it_is_at_most_one():
    assert boschloo_p(1, 2, 1, 2) == 1.0


def test_satisfied_professors_and_scientists():
    # scipy's documentation, after Saari and Judge (2004): 74 of 117 against 31 of 63, one-sided 0.0355
    assert boschloo_p(74, 117, 31, 63) / 2 == pytest.approx(0.0355, abs=1e-4)


def test_scipys_optimizer_does_not_write_to_the_root_logger(caplog):
    with caplog.at_level(logging.NOTSET):
        stats.boschloo_exact([[2, 9], [18, 6]])
        assert {record.name for record in caplog.records} == {"root"}  # where it is not, the filter can go
        caplog.clear()
        boschloo_p(2, 20, 9, 15)
    assert caplog.records == []


def test_without_a_handler_the_root_logger_gets_none(monkeypatch):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    boschloo_p(2, 20, 9, 15)
    assert (root.handlers, root.filters) == ([], [])


def test_nothing_else_is_kept_off(caplog, monkeypatch):
    class Found:
        pvalue = 0.5

    def log_meanwhile(table):
        logging.getLogger().info("of the program")
        logging.getLogger("another").info("of another")
        root = logging.getLogger()
        root.handle(logging.LogRecord("root", logging.WARNING, "scipy/_shgo.py", 1, "precision", None, None))
        return Found

    monkeypatch.setattr(stats, "boschloo_exact", log_meanwhile)
    with caplog.at_level(logging.NOTSET):
        assert boschloo_p(1, 2, 3, 4) == 0.5
    boschloo_p.cache_clear()  # what was found here is no p
    assert [record.getMessage() for record in caplog.records] == ["of the program", "of another", "precision"]


def test_after_an_error_all_is_as_before(monkeypatch):
    def fail(table):
        raise RuntimeError

    monkeypatch.setattr(stats, "boschloo_exact", fail)
    root = logging.getLogger()
    before = (list(root.handlers), list(root.filters))
    with pytest.raises(RuntimeError):
        boschloo_p(1, 2, 3, 4)
    assert (root.handlers, root.filters) == before
