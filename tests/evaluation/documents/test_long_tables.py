"""A table may be as long as its study: the page shows the beginning, the file has all of it."""

import pytest

from evaluation.documents.content import ReportContent, Section
from evaluation.documents.tables import MOST_SHOWN, Table
from tests.evaluation.studies import keep_report
from tests.factories import make_open_study


def table_of(rows: int) -> Table:
    return Table(
        "items", "Items", ("item", "score"), tuple((f"item {number}", number) for number in range(rows))
    )


def test_the_first_rows_are_shown_and_all_are_counted():
    document = table_of(MOST_SHOWN + 3).document()
    assert len(document["rows"]) == MOST_SHOWN
    assert document["rows"][0][0]["text"] == "item 0"
    assert document["rows"][-1][0]["text"] == f"item {MOST_SHOWN - 1}"
    assert document["total"] == MOST_SHOWN + 3


def test_a_table_that_is_just_long_enough_is_shown_whole():
    document = table_of(MOST_SHOWN).document()
    assert len(document["rows"]) == document["total"] == MOST_SHOWN


def test_the_file_has_all_rows(tmp_path):
    table_of(MOST_SHOWN + 3).write_csv(tmp_path / "items.csv")
    lines = (tmp_path / "items.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "item,score"
    assert lines[-1] == f"item {MOST_SHOWN + 2},{MOST_SHOWN + 2}"
    assert len(lines) == MOST_SHOWN + 4


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [MOST_SHOWN, MOST_SHOWN + 3])
def test_the_page_says_what_it_leaves_out(researcher_client, rows):
    study = make_open_study()
    content = ReportContent((Section("Items", tables=(table_of(rows),)),))
    keep_report(content, study)
    page = researcher_client.get(f"/evaluation/studies/{study.pk}/report/").content.decode()
    assert f"Items ({rows} rows)" in page
    assert f"item {MOST_SHOWN - 1}<" in page
    assert f"item {MOST_SHOWN}<" not in page
    left_out = f"first {MOST_SHOWN} of {rows} rows. The command “report” writes all of them, into items.csv"
    assert (left_out in page) == (rows > MOST_SHOWN)
