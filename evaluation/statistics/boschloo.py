"""Boschloo's exact test of two shares, as scipy computes it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from scipy import stats


@lru_cache(maxsize=256)  # seconds per call, and a report asks for the same table again
def boschloo_p(hits_a: int, trials_a: int, hits_b: int, trials_b: int) -> float:
    """The two-sided p by scipy's definition: twice the smaller of the two one-sided p, at most 1.

    Other software orders the tables by Fisher's two-sided p instead, and gives another p: for 2 of 2 against
    0 of 1 it is 8/27 here, and 1/4 there.
    """
    # The groups are the columns here, unlike in fisher_exact: rows would silently give another p
    table = [[hits_a, hits_b], [trials_a - hits_a, trials_b - hits_b]]
    with _quiet_optimizer():
        return float(stats.boschloo_exact(table).pvalue)


@contextmanager
def _quiet_optimizer() -> Iterator[None]:
    """Keep what scipy's optimizer `shgo` tells below a warning off the root logger, and nothing else.

    It calls `logging.info`, with its bounds, at every local search. That also gives a root logger without
    handlers one that prints everybody's messages, unless another handler is there.
    """

    def is_not_chatter(record: logging.LogRecord) -> bool:
        return record.module != "_shgo" or record.levelno >= logging.WARNING

    root, placeholder = logging.getLogger(), logging.NullHandler()
    root.addFilter(is_not_chatter)  # a logger's filter sees what is logged at it, not what comes up to it
    root.addHandler(placeholder)
    try:
        yield
    finally:
        root.removeHandler(placeholder)
        root.removeFilter(is_not_chatter)
