"""Who answers without looking: what a study's frozen rules say of the checks that somebody has met. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb


@dataclass(frozen=True)
class CheckRule:
    """Excluded is who passed fewer checks than `least_share` of them, if that is no chance: when somebody who
    passes a check with the probability `least_share` passes so few with a probability below `alpha` (the
    exact binomial test, one-sided).

    Looked at when so many checks as one of `looks` are done, and when a participation ends, nowhere else: to
    look after each would exclude more people who are careful. Fewer checks than `fewest` exclude nobody.
    """

    least_share: float = 0.8
    alpha: float = 0.05
    looks: tuple[int, ...] = (10, 20, 40)
    fewest: int = 4

    def __post_init__(self) -> None:
        if not 0 < self.least_share < 1 or not 0 < self.alpha < 1:
            raise ValueError(
                f"the least share and alpha lie strictly between 0 and 1, but are {self.least_share!r} and "
                f"{self.alpha!r}"
            )
        if self.fewest < 1 or list(self.looks) != sorted({*self.looks}) or any(n < 1 for n in self.looks):
            raise ValueError("looks are counts of checks, the smaller before the larger, each once")

    def is_looked_at(self, checks: int, *, has_ended: bool) -> bool:
        return checks >= self.fewest and (has_ended or checks in self.looks)

    def excludes(self, passed: int, checks: int, *, has_ended: bool) -> bool:
        """Whether somebody who passed so many of so many checks is excluded now. Raises ValueError for
        counts that cannot be."""
        if not 0 <= passed <= checks:
            raise ValueError(f"of {checks} checks {passed} cannot have been passed")
        return self.is_looked_at(checks, has_ended=has_ended) and passed <= self.most_excluded(checks)

    def most_excluded(self, checks: int) -> int:
        """The most passed checks of so many with which somebody is excluded; -1: nobody is, however many
        fail."""
        return _most_excluded(checks, self.least_share, self.alpha)

    def chance(self, passes: float, checks: int) -> float:
        """How probable it is that somebody is excluded who passes each check with the probability `passes`,
        independently, and has met so many when their participation ends."""
        if not 0 <= passes <= 1:
            raise ValueError(f"a probability lies between 0 and 1, but is {passes!r}")
        looks = [look for look in self.looks if self.fewest <= look < checks]
        if checks >= self.fewest:
            looks.append(checks)
        excluded, before = 0.0, 0
        left = [1.0]  # by how many were passed: the probability to be there still
        for look in looks:
            left = _convolved(left, _binomial(look - before, passes))
            before, failing = look, self.most_excluded(look) + 1
            excluded += sum(left[:failing])
            left[:failing] = [0.0] * failing
        return excluded


@lru_cache(maxsize=1000)
def _most_excluded(checks: int, least_share: float, alpha: float) -> int:
    most, below = -1, 0.0
    for passed, probability in enumerate(_binomial(checks, least_share)):
        below += probability
        if below >= alpha or passed >= least_share * checks:
            break
        most = passed
    return most


def _binomial(trials: int, probability: float) -> list[float]:
    """The probabilities of 0 … trials successes."""
    return [
        comb(trials, hits) * probability**hits * (1 - probability) ** (trials - hits)
        for hits in range(trials + 1)
    ]


def _convolved(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """The distribution of the sum of two counts."""
    found = [0.0] * (len(one) + len(other) - 1)
    for first, probability in enumerate(one):
        for second, conditional in enumerate(other):
            found[first + second] += probability * conditional
    return found
