"""A table of a report, for the page and for its file."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.documents.cells import Cell, Share, csv_values, format_cell
from evaluation.statistics.estimates import Estimate

# A longer table is shown folded, and one that is longer than MOST_SHOWN only so far: its file has all of it.
LONG = 25
MOST_SHOWN = 1_000


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
                writer.writerow([value for cell in row for value in csv_values(cell)])

    def _is_number(self, column: int) -> bool:
        cells = [row[column] for row in self.rows]
        return any(cell is not None for cell in cells) and not any(isinstance(cell, str) for cell in cells)
