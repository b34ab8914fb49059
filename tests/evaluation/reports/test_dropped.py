import pandas as pd
import pytest

from annotations.models import Assignment
from evaluation.frames.responses import LATE, NOT_PAINTED
from evaluation.reports.dropped import WHY, dropped_sections
from tests.evaluation.analyses.response_frames import attribution_frame


@pytest.fixture
def responses() -> pd.DataFrame:
    return attribution_frame(
        [("NOUN", {"ann": 1, "bo": 2}), ("VERB", {"ann": 3, "bo": 4}), ("check", {"ann": 7})]
    )


def test_every_reason_is_told_in_words():
    assert set(WHY) == {LATE, NOT_PAINTED, *Assignment.Dropped.values} - {""}


def test_where_all_count_there_is_no_section(responses):
    assert dropped_sections(responses) == ()
    assert dropped_sections(responses.iloc[:0]) == ()


def test_answers_are_counted_by_annotator_reason_and_role(responses):
    dropped = responses.assign(dropped=["excluded", "", "excluded", "late", "excluded"])
    ((table,),) = (section.tables for section in dropped_sections(dropped))
    assert table.rows == (
        ("ann", "the annotator was excluded", "check", 1),
        ("ann", "the annotator was excluded", "item", 2),
        ("bo", "came when the place had gone to somebody else", "item", 1),
    )
