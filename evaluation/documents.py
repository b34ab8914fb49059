"""A report as data: sections of text, tables and figures, for the page, the files and the database alike."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from evaluation.figures import render_figure
from evaluation.statistics.estimates import Estimate

# What an estimate's flag means, in words.
FLAGS = {"no_data": "no data", "single_value": "one value only", "no_variance": "all values equal"}


@dataclass(frozen=True)
class Share:
    """An estimate to be read as a percentage."""

    estimate: Estimate


Cell = str | int | float | None | Estimate | Share


@dataclass(frozen=True)
class Table:
    """`name` becomes the file's name; every row has one cell per column. None is shown as undefined, never as 0."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "note": self.note,
            "columns": list(self.columns),
            "rows": [[format_cell(cell) for cell in row] for row in self.rows],
        }

    def write_csv(self, path: Path) -> None:
        """Full precision; an estimate takes five columns: value, low, high, n, flag."""
        wide = [any(isinstance(row[i], Estimate | Share) for row in self.rows) for i in range(len(self.columns))]
        header = [
            name
            for column, is_estimate in zip(self.columns, wide, strict=True)
            for name in ([column, *(f"{column} {part}" for part in ("low", "high", "n", "flag"))] if is_estimate else [column])
        ]
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            for row in self.rows:
                writer.writerow([value for cell in row for value in _csv_values(cell)])


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
        """What is stored and shown: plain JSON."""
        return {"study": self.study, "sections": [section.document() for section in self.sections]}

    def tables(self) -> list[Table]:
        return [table for section in self.sections for table in section.tables]

    def figures(self) -> list[NamedFigure]:
        return [figure for section in self.sections for figure in section.figures]


def format_cell(cell: Cell) -> str:
    if isinstance(cell, Share):
        return _format_estimate(cell.estimate, lambda value: f"{100 * value:.1f} %")
    if isinstance(cell, Estimate):
        return _format_estimate(cell, lambda value: f"{value:.2f}")
    if cell is None:
        return "undefined"
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return str(cell)


def _format_estimate(estimate: Estimate, show) -> str:
    if estimate.value is None:
        return "undefined" + (f" ({FLAGS[estimate.flag]})" if estimate.flag else "")
    text = show(estimate.value)
    if estimate.low is not None and estimate.high is not None:
        text += f" [{show(estimate.low)}, {show(estimate.high)}]"
    return text + (f" ({FLAGS[estimate.flag]})" if estimate.flag else "")


def _csv_values(cell: Cell) -> Sequence[Any]:
    estimate = cell.estimate if isinstance(cell, Share) else cell
    if isinstance(estimate, Estimate):
        return (estimate.value, estimate.low, estimate.high, estimate.n, estimate.flag)
    return (cell,)
