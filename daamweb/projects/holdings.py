"""What apps keep in a project. Each app says it when it is ready, from the lowest to the highest:

hold(Holding("studies", Study, busy=..., erase=...))
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Model

from daamweb.projects.models import Project

# (rows gone so far) → anything; raises where the work is not this process's any more.
Tell = Callable[[int], object]


def never_busy(project: Project) -> str:
    return ""


@dataclass(frozen=True)
class Holding:
    """label: its plural. model: whose rows, with a field `project`, are counted on the project's page.
    busy: a sentence on what runs and how to end it, "" for nothing. erase: deletes all of the project's,
    files too, in slices, each a transaction of its own; may be called again after it was killed."""

    label: str
    model: type[Model]
    erase: Callable[[Project, Tell], None]
    busy: Callable[[Project], str] = never_busy

    def count(self, project: Project) -> int:
        return self.model._default_manager.filter(project=project).count()


HOLDINGS: list[Holding] = []


def hold(holding: Holding) -> None:
    """Django may be set up twice in a process; a holding is kept once."""
    if all(other.model is not holding.model for other in HOLDINGS):
        HOLDINGS.append(holding)
