"""A report as data: sections of text, tables and figures, for the page, the files and the store alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evaluation.documents.tables import Table

if TYPE_CHECKING:  # the site shows stored figures, and draws none
    from matplotlib.figure import Figure


# Files of a report beside its tables and figures.
OTHER_FILES = frozenset({"tables", "responses", "codebook", "participations", "participations_codebook"})


@dataclass(frozen=True)
class NamedFigure:
    name: str
    title: str
    figure: Figure


@dataclass(frozen=True)
class Section:
    title: str
    text: str = ""
    tables: tuple[Table, ...] = ()
    figures: tuple[NamedFigure, ...] = ()
    of_persons: bool = False  # observers of a project see people in sums only

    def document(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "of_persons": self.of_persons,
            "text": self.text,
            "tables": [table.document() for table in self.tables],
            "figures": [{"name": item.name, "title": item.title} for item in self.figures],
        }


@dataclass(frozen=True)
class ReportContent:
    """Tables, and figures, have names of their own, which become those of their files and stand in addresses.
    Raises ValueError where one comes twice, is that of another file, or cannot be either."""

    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        for names in ([table.name for table in self.tables()], [item.name for item in self.figures()]):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{', '.join(twice)} is the name of several tables or figures of one report")
            if odd := [name for name in names if not re.fullmatch(r"[a-z0-9_-]+", name)]:
                raise ValueError(
                    f"{odd[0]!r} cannot be the name of a table or figure: it becomes a file's, of small "
                    "letters, digits, “_” and “-”"
                )
            if taken := sorted(OTHER_FILES.intersection(names)):
                raise ValueError(f"a table cannot be called {taken[0]}: a file of every report is")

    def document(self) -> dict[str, Any]:
        """What is shown, but for the figures' drawings: plain JSON, whose numbers are texts already (JSON has
        no infinity)."""
        return {"sections": [section.document() for section in self.sections]}

    def tables(self) -> list[Table]:
        return [table for section in self.sections for table in section.tables]

    def table_list(self) -> Table:
        """Of each table's file, what stands above and below the table where it is shown."""
        return Table(
            "tables",
            "The tables of this report",
            ("file", "title", "note", "columns"),
            tuple(
                (f"{table.name}.csv", table.title, table.note, " | ".join(table.columns))
                for table in self.tables()
            ),
        )

    def figures(self) -> list[NamedFigure]:
        return [figure for section in self.sections for figure in section.figures]
