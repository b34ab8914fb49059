import csv
import json
import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from evaluation.documents.cells import Share, format_cell
from evaluation.documents.content import NamedFigure, ReportContent, Section
from evaluation.documents.tables import LONG, Table
from evaluation.statistics.estimates import NO_DATA, Estimate

MEAN = Estimate(3.9, 3.188628, 4.611372, 10)
NEGATIVE = Estimate(-0.09, -0.150499, -0.028547, 1000)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("noun", "noun"),
        (7, "7"),
        (0, "0"),
        (4.5, "4.5"),
        (0.00497969, "0.00498"),
        (-0.181804, "−0.182"),
        (1e-12, "1e−12"),
        (None, "undefined"),
        (math.nan, "undefined"),
        (np.float32("nan"), "undefined"),
        (pd.NA, "undefined"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (MEAN, "3.90 [3.19, 4.61]"),
        (Share(Estimate(0.9, 0.743789, 0.9654, 30)), "90.0 % [74.4, 96.5]"),
        (Share(NEGATIVE), "−9.0 % [−15.0, −2.9]"),
        (NO_DATA, "undefined (no data)"),
        (Share(NO_DATA), "undefined (no data)"),
        (Estimate(4.0, None, None, 1, "single_value"), "4.00 (one value only)"),
        (Estimate(4.0, 4.0, 4.0, 3, "no_variance"), "4.00 [4.00, 4.00] (all values equal)"),
        (Estimate(None, None, None, 6, "no_expected_disagreement"), "undefined (all answers equal)"),
        (Estimate(math.nan, None, None, 6), "undefined"),
        (
            Share(Estimate(0.0, -0.79, 0.79, 2, "zero_margin")),
            "0.0 % [−79.0, 79.0] (all correct, or none: p is 1)",
        ),
    ],
)
def test_cells_as_readers_see_them(cell, text):
    assert format_cell(cell) == text


def table(rows, columns=("group", "n", "score")) -> Table:
    return Table("scores", "Scores", columns, tuple(rows), note="A note.")


def test_a_table_as_a_document():
    document = table([("noun", 2, MEAN), ("verb", 0, NO_DATA)]).document()
    assert (document["name"], document["title"], document["note"]) == ("scores", "Scores", "A note.")
    assert document["columns"] == [
        {"text": "group", "is_number": False},
        {"text": "n", "is_number": True},
        {"text": "score", "is_number": True},
    ]
    assert [[cell["text"] for cell in row] for row in document["rows"]] == [
        ["noun", "2", "3.90 [3.19, 4.61]"],
        ["verb", "0", "undefined (no data)"],
    ]
    assert [cell["is_number"] for cell in document["rows"][0]] == [False, True, True]
    assert document["is_long"] is False


def test_long_tables_are_marked():
    assert table([("noun", 1, 1.0)] * LONG).document()["is_long"] is False
    assert table([("noun", 1, 1.0)] * (LONG + 1)).document()["is_long"] is True


def test_no_infinity_and_no_nan_get_into_the_json():
    cells = [(math.inf,), (-math.inf,), (math.nan,), (None,), (Estimate(math.nan, None, None, 3),)]
    section = Section("Tests", tables=(table([], ()), Table("odds", "Odds", ("odds ratio",), tuple(cells))))
    document = ReportContent((section,)).document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_the_file_has_full_precision_and_takes_estimates_apart(tmp_path):
    path = tmp_path / "scores.csv"
    rows = [
        ("noun", 2, MEAN),
        ("verb", 0, NO_DATA),
        ("adverb", 1, Estimate(4.0, None, None, 1, "single_value")),
    ]
    table(rows).write_csv(path)
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["group", "n", "score", "score low", "score high", "score n", "score flag"],
            ["noun", "2", "3.9", "3.188628", "4.611372", "10", ""],
            ["verb", "0", "", "", "", "0", "no_data"],
            ["adverb", "1", "4.0", "", "", "1", "single_value"],
        ]


def test_in_the_file_undefined_is_empty_and_infinity_is_said(tmp_path):
    path = tmp_path / "odds.csv"
    rows = ((None, math.inf), (math.nan, 0.1 + 0.2), (pd.NA, 1))
    Table("odds", "Odds", ("a", "b"), rows).write_csv(path)
    assert path.read_text(encoding="utf-8") == "a,b\n,inf\n,0.30000000000000004\n,1\n"
    Table("mean", "Mean", ("m",), ((Estimate(math.nan, None, math.nan, 3),),)).write_csv(path)
    assert path.read_text(encoding="utf-8") == "m,m low,m high,m n,m flag\n,,,3,\n"


def test_in_the_file_a_formula_is_defused_and_a_negative_number_is_not(tmp_path):
    path = tmp_path / "items.csv"
    rows = (("=1+1", -0.5), ("@SUM", -2), ("well-known", 1))
    Table("items", "Items", ("word", "score"), rows).write_csv(path)
    assert path.read_text(encoding="utf-8") == "word,score\n'=1+1,-0.5\n'@SUM,-2\nwell-known,1\n"


def test_the_list_of_tables_has_what_their_files_lack(tmp_path):
    path = tmp_path / "tables.csv"
    scores, odds = table([]), Table("odds", "Odds, “raw”", ("odds ratio",), (), note="=1+1, or\n∞.")
    content = ReportContent((Section("One", tables=(scores,)), Section("Two", tables=(odds,))))
    content.table_list().write_csv(path)
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [
            {"file": "scores.csv", "title": "Scores", "note": "A note.", "columns": "group | n | score"},
            {"file": "odds.csv", "title": "Odds, “raw”", "note": "'=1+1, or\n∞.", "columns": "odds ratio"},
        ]


def test_an_empty_table_says_what_that_means():
    assert Table("deviations", "Deviations", ("what",), (), empty="None.").document()["empty"] == "None."


def test_a_report_gathers_its_tables_and_figures_in_order():
    def section(name: str) -> Section:
        figure = NamedFigure(name, f"Figure of {name}", Figure(figsize=(1, 1)))
        return Section(name, tables=(Table(name, name, (), ()),), figures=(figure,))

    content = ReportContent((section("first"), section("second")))
    assert [item.name for item in content.tables()] == ["first", "second"]
    assert [item.name for item in content.figures()] == ["first", "second"]
    document = content.document()
    (figure,) = document["sections"][1]["figures"]
    assert figure["title"] == "Figure of second"
