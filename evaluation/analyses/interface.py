"""What an analysis is: what it needs, and the sections of a report that it makes of that.

Everything else about it stands in its folder; see docs/add-an-analysis.md."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from evaluation.documents.content import Section
from evaluation.inputs import Inputs

# In place of the key of a kind: answers of whatever kind.
ANY_KIND = "*"


@dataclass(frozen=True)
class Needs:
    """What has to be there before an analysis can begin.

    responses: keys of the kinds of task whose answers it reads: it stands on a study. Without any it stands
        on a run.
    heat_maps: finished images with their heat maps, of the run or of the study's.
    masks: areas that were drawn by hand or imported.
    """

    responses: tuple[str, ...] = ()
    heat_maps: bool = False
    masks: bool = False

    @property
    def a_study(self) -> bool:
        return bool(self.responses)

    def reads(self, kind: str) -> bool:
        return kind in self.responses or ANY_KIND in self.responses


class Analysis(ABC):
    """`key` is its name in addresses and commands; `label` is what it is called; `version` goes up when it
    computes something else of the same inputs, so that stored results are computed anew."""

    key: ClassVar[str]
    label: ClassVar[str]
    version: ClassVar[int] = 1
    needs: ClassVar[Needs]

    @abstractmethod
    def sections(self, inputs: Inputs) -> tuple[Section, ...]:
        """The report, of what `needs` asked for. Whatever it raises fails the report, with its message."""
