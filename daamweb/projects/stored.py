"""What is stored about people: said by each app beside its models, shown on one page.

Every model says either what it holds of whom, or that it holds nothing of anybody; a test asks for each."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Model

from daamweb.projects.models import Project


@dataclass(frozen=True)
class Stored:
    """about: "annotators", "members", …. what: which facts. why, until: when and by what it is erased.
    models: where it stands. count: of how many people of a project; None where nobody counts."""

    about: str
    what: str
    why: str
    until: str
    models: tuple[type[Model], ...] = ()
    count: Callable[[Project], int] | None = None


STORED: list[Stored] = []
NOTHING_OF_ANYBODY: set[type[Model]] = set()


def say_stored(*stored: Stored) -> None:
    STORED.extend(each for each in stored if each not in STORED)


def say_nothing_of_anybody(*models: type[Model]) -> None:
    NOTHING_OF_ANYBODY.update(models)
