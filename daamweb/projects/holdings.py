"""What apps keep in a project. Each app says it when it is ready, from the lowest to the highest, so that
what refers to something comes after it:

    hold(Holding("studies", Study, erase=erase_study, running=running_studies, set_aside=set_aside))
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from daamweb.projects.models import Project

# (how many rows more are gone) → anything; raises where the work is not this process's any more.
Gone = Callable[[int], object]


def none_of(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.none()


@dataclass(frozen=True)
class Holding:
    """label: the plural. model: whose rows have a field `project`. erase: deletes one of them with all that
    hangs on it, files too, in slices, each a transaction of its own; called again after it was killed.
    running: those of the rows that have to be ended before the project is archived, and end_first: how.
    set_aside: for rows that can be erased by themselves: takes one out of use, or raises ProjectError."""

    label: str
    model: type[Model]
    erase: Callable[[Any, Gone], None]
    running: Callable[[QuerySet[Any]], QuerySet[Any]] = none_of
    end_first: str = ""
    set_aside: Callable[[Any], None] | None = None

    def rows(self, project: Project) -> QuerySet[Any]:
        return self.model._default_manager.filter(project=project)


HOLDINGS: list[Holding] = []


def hold(holding: Holding) -> None:
    """Django may be set up twice in a process; a holding is kept once."""
    if all(other.model is not holding.model for other in HOLDINGS):
        HOLDINGS.append(holding)


def holding_of(model: type[Model]) -> Holding:
    """Raises LookupError for rows that no app keeps in projects."""
    for holding in HOLDINGS:
        if holding.model is model:
            return holding
    raise LookupError(f"{model._meta.label} is kept in no project.")
