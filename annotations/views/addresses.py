"""Where a turn's pages are. A task's page names ten addresses; working each out anew took a twentieth of a
rating."""

from functools import lru_cache

from django.urls import get_script_prefix, reverse

from annotations.models import Assignment, Study

_OF_STUDY = ("keep", "next", "instructions", "stop", "withdraw")
_OF_TURN = ("assignment", "extend", "report_task", "decline")


def turn_address(study: Study, turn: Assignment) -> str:
    return task_addresses(study.slug, turn.pk)["assignment"]


def task_addresses(slug: str, turn: int) -> dict[str, str]:
    """By the names of `annotations.urls`: what a task's page leads to."""
    of_study, of_turn = _addresses(slug, get_script_prefix())
    return of_study | {name: f"{before}/{turn}/{after}" for name, (before, after) in of_turn.items()}


@lru_cache(maxsize=500)
def _addresses(slug: str, prefix: str) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Those of the study; and those of a turn, before its number and behind it. All begin with the prefix."""
    of_study = {name: reverse(f"annotations:{name}", args=[slug]) for name in _OF_STUDY}
    of_turn = {}
    for name in _OF_TURN:
        before, _, after = reverse(f"annotations:{name}", args=[slug, 0]).rpartition("/0/")
        of_turn[name] = (before, after)
    return of_study, of_turn
