"""A report as data: sections of text, tables and figures, for the page, the files and the database alike."""

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from evaluation.figures.drawing import render_figure
from evaluation.spreadsheets import defuse
from evaluation.statistics.estimates import Estimate
from evaluation.statistics.missing import is_missing, missing_as_none

# What an estimate's flag means, in words.
FLAGS = {
    "no_data": "no data",
    "single_value": "one value only",
    "no_variance": "all values equal",
    "no_expected_disagreement": "all answers equal",
    "zero_margin": "all correct, or none: p is 1",
}
# A longer table is shown folded, and one that is longer than MOST_SHOWN only so far: its file has all of it.
LONG = 25
MOST_SHOWN = 1_000


@dataclass(frozen=True)
class Share:
    """An estimate to be read as a percentage."""

    estimate: Estimate


Cell = str | int | float | None | Estimate | Share


@dataclass(frozen=True)
class Table:
    """`name` becomes the file's name; every row has one cell per column. None is shown as undefined, never as
    0."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    # Shown in place of a table without rows.
    empty: str = "none yet"

    def document(self) -> dict[str, Any]:
        """What is shown: `total` rows, of which `rows` has at most MOST_SHOWN."""
        is_number = [self._is_number(column) for column in range(len(self.columns))]
        return {
            "name": self.name,
            "title": self.title,
            "note": self.note,
            "empty": self.empty,
            "is_long": len(self.rows) > LONG,
            "total": len(self.rows),
            "columns": [
                {"text": name, "is_number": number}
                for name, number in zip(self.columns, is_number, strict=True)
            ],
            "rows": [
                [
                    {"text": format_cell(cell), "is_number": number}
                    for cell, number in zip(row, is_number, strict=True)
                ]
                for row in self.rows[:MOST_SHOWN]
            ],
        }

    def write_csv(self, path: Path) -> None:
        """Full precision; an estimate takes five columns: value, low, high, n, flag. Undefined is empty. Text
        that a spreadsheet would run as a formula gets a leading apostrophe."""
        wide = [
            any(isinstance(row[column], Estimate | Share) for row in self.rows)
            for column in range(len(self.columns))
        ]
        header = []
        for column, is_estimate in zip(self.columns, wide, strict=True):
            header.append(column)
            header += [f"{column} {part}" for part in ("low", "high", "n", "flag") if is_estimate]
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            for row in self.rows:
                writer.writerow([value for cell in row for value in _csv_values(cell)])

    def _is_number(self, column: int) -> bool:
        cells = [row[column] for row in self.rows]
        return any(cell is not None for cell in cells) and not any(isinstance(cell, str) for cell in cells)


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

    def document(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "text": self.text,
            "tables": [table.document() for table in self.tables],
            "figures": [
                {"name": item.name, "title": item.title, "svg": render_figure(item.figure, "svg").decode()}
                for item in self.figures
            ],
        }


@dataclass(frozen=True)
class ReportContent:
    study: str
    sections: tuple[Section, ...]

    def document(self) -> dict[str, Any]:
        """What is stored and shown: plain JSON, whose numbers are texts already (JSON has no infinity)."""
        return {"study": self.study, "sections": [section.document() for section in self.sections]}

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


def format_cell(cell: Cell) -> str:
    """A cell as readers see it: "3.90 [3.19, 4.61]", "52.0 % [47.6, 56.3]", "0.00498", "∞", "undefined"."""
    if isinstance(cell, Share):
        return _format_estimate(cell.estimate, lambda value: f"{100 * value:.1f}", " %")
    if isinstance(cell, Estimate):
        return _format_estimate(cell, lambda value: f"{value:.2f}", "")
    if is_missing(cell):
        return "undefined"
    if isinstance(cell, float):
        if math.isinf(cell):
            return "∞" if cell > 0 else "−∞"
        return _with_minus(f"{cell:.3g}")
    return str(cell)


def _format_estimate(estimate: Estimate, show: Callable[[float], str], unit: str) -> str:
    flag = f" ({FLAGS[estimate.flag]})" if estimate.flag else ""
    if estimate.value is None or is_missing(estimate.value):
        return f"undefined{flag}"
    text = f"{show(estimate.value)}{unit}"
    if estimate.low is not None and estimate.high is not None:
        text += f" [{show(estimate.low)}, {show(estimate.high)}]"
    return _with_minus(text) + flag


def _with_minus(number: str) -> str:
    return number.replace("-", "−")


def _csv_values(cell: Cell) -> Sequence[Any]:
    estimate = cell.estimate if isinstance(cell, Share) else cell
    if isinstance(estimate, Estimate):
        return missing_as_none((estimate.value, estimate.low, estimate.high, estimate.n, estimate.flag))
    if isinstance(estimate, str):
        return (defuse(estimate),)
    return missing_as_none((estimate,))
