"""Where people begin on the ring of a study's places, in which order they walk, and when a check is due.

Pure arithmetic: all tasks' first places stand first on the ring, then all second ones, and so on. First
cursors are spread over the first places by the golden ratio, so that everybody begins far from everybody else
whoever comes next, and every task has an answer before most have a second one."""

import math
import random

# 2⁶⁴ / golden ratio.
_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
# Everybody meets a check among the first so many tasks.
FIRST_CHECK_WITHIN = 5


def first_cursor(ordinal: int, tasks: int) -> int:
    """Where the `ordinal`-th person of a study with so many `tasks` begins: 0 ≤ cursor < tasks."""
    return ((ordinal * _GOLDEN & _MASK) * tasks) >> 64


def preference(seed: int, task: int) -> int:
    """A person's own order of tasks: the smaller, the sooner. SplitMix64 of the seed and the task's id."""
    x = (seed ^ task * _GOLDEN) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def checks_due(seed: int, number: int, every: int) -> int:
    """How many of a person's first `number` tasks (practice apart) are checks: every so many, the first one
    early, and never the very first task."""
    first = 2 + preference(seed, 0) % (min(FIRST_CHECK_WITHIN, every) - 1)
    return 0 if number < first else 1 + (number - first) // every


def is_check_due(seed: int, number: int, every: int) -> bool:
    """Whether a person's task `number` (from 1, practice apart) is a check."""
    return checks_due(seed, number, every) > checks_due(seed, number - 1, every)


def nth_of_own_order(seed: int, n: int, count: int) -> int:
    """The `n`-th number of a person's own order of 0 … count − 1, each once (n < count)."""
    step = 1 + preference(seed, 1) % count
    while math.gcd(step, count) != 1:
        step += 1
    return (preference(seed, 2) + n * step) % count


def own_order(seed: int, count: int) -> list[int]:
    """The numbers 0 … count − 1, shuffled for a person."""
    order = list(range(count))
    random.Random(seed).shuffle(order)
    return order


def turns_until(seed: int, places: int, every: int, checks: int) -> int:
    """How many turns a person has had after so many places, with the checks between them (practice apart)."""
    met = 0
    while (due := min(checks, checks_due(seed, places + met, every))) > met:
        met = due
    return places + met
