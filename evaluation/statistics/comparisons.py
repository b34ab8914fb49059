"""Comparisons of two groups, and what several tests at once cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import SupportsIndex

from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_effectsize

from .boschloo import boschloo_p
from .intervals import check_share, newcombe
from .missing import missing_as_none


@dataclass(frozen=True)
class ProportionComparison:
    """Two shares, a against b. `difference` is a - b with its Newcombe interval [low, high].

    `flag` is None, or

    - "zero_margin": nobody or everybody succeeded in both groups together; both p are 1, as in scipy, and
      the odds ratio is undefined;
    - "no_data": a group is empty; everything is undefined.

    `odds_ratio` is the sample's, 0 or infinite where one cell of the table is empty.
    """

    fisher_p: float | None
    boschloo_p: float | None
    difference: float | None
    low: float | None
    high: float | None
    odds_ratio: float | None
    cohens_h: float | None
    flag: str | None


def compare_proportions(
    successes_a: SupportsIndex,
    total_a: SupportsIndex,
    successes_b: SupportsIndex,
    total_b: SupportsIndex,
    confidence: float = 0.95,
) -> ProportionComparison:
    """Compares two independent shares by two-sided exact tests: Fisher's (paper, section 5.1), Boschloo's.

    Fisher's p sums the tables that are no more probable than the observed one; Boschloo's is scipy's, twice
    the smaller one-sided p and at most 1 (`boschloo.boschloo_p`). Effects: the difference with Newcombe's
    interval, the odds ratio, and Cohen's h = 2 asin(sqrt a) - 2 asin(sqrt b). With hundreds per group
    Boschloo's test takes seconds: not for a web request. Raises ValueError for anything but whole,
    non-negative counts with successes <= total.
    """
    hits_a, trials_a = check_share(successes_a, total_a)
    hits_b, trials_b = check_share(successes_b, total_b)
    interval = newcombe(hits_a, trials_a, hits_b, trials_b, confidence)
    if interval is None:
        return ProportionComparison(None, None, None, None, None, None, None, "no_data")
    share_a, share_b = hits_a / trials_a, hits_b / trials_b
    cohens_h = float(proportion_effectsize(share_a, share_b))
    if hits_a + hits_b in (0, trials_a + trials_b):
        # No other table has these margins, so that p is 1; scipy's Boschloo takes seconds to find that out
        return ProportionComparison(1.0, 1.0, share_a - share_b, *interval, None, cohens_h, "zero_margin")
    fisher = stats.fisher_exact([[hits_a, trials_a - hits_a], [hits_b, trials_b - hits_b]])
    return ProportionComparison(
        fisher_p=float(fisher.pvalue),
        boschloo_p=boschloo_p(hits_a, trials_a, hits_b, trials_b),
        difference=share_a - share_b,
        low=interval[0],
        high=interval[1],
        odds_ratio=float(fisher.statistic),
        cohens_h=cohens_h,
        flag=None,
    )


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p-values of one family of tests, in the order given.

    Undefined p-values (missing ones) leave the family and come back as None. Raises ValueError for p outside
    [0, 1].
    """
    defined = {index: p for index, p in enumerate(missing_as_none(p_values)) if p is not None}
    for p in defined.values():
        if not 0 <= p <= 1:
            raise ValueError(f"a p-value must be in [0, 1], but is {p!r}")
    adjusted: list[float | None] = [None] * len(p_values)
    if defined:
        # multipletests counts NaN as tests, so only the defined ones may reach it
        for index, p in zip(defined, multipletests(list(defined.values()), method="holm")[1], strict=True):
            adjusted[index] = float(p)
    return adjusted
