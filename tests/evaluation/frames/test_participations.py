"""Who took part, and where they left."""

from datetime import UTC, datetime
from random import Random

import pandas as pd
import pytest

from annotations.models import Outcome, Participation
from annotations.services.claims import claim_assignment
from annotations.services.participations import erase_answers, withdraw
from annotations.services.reviews import exclude_annotator
from evaluation.exports import write_codebook, write_participations
from evaluation.frames import participations
from evaluation.frames.participations import COLUMNS, participation_chunks, participation_frame
from tests.evaluation.studies import make_attribution_study, make_rated_study
from tests.factories import answer_turn, make_open_study, make_participation, make_study

pytestmark = pytest.mark.django_db

TWO_WORDS = {"dog": ("NOUN", ()), "runs": ("VERB", ())}
WHERE = ["outcome", "dropped_at", "dropped_at_task", "turns", "answered"]


def go_on(person: Participation, answers: int) -> None:
    """Claim and answer so many tasks, and claim the next if there is one."""
    for _ in range(answers):
        answer_turn(claim_assignment(participation=person).turn, {"choice": 3})
    claim_assignment(participation=person)


def where(frame: pd.DataFrame) -> list[list]:
    return frame[WHERE].astype(object).to_numpy().tolist()


def test_everybody_is_a_row_that_says_how_far_they_came():
    study = make_attribution_study(TWO_WORDS)
    read_nothing, began, half, whole = (make_participation(study) for _ in range(4))
    for person, answers in ((began, 0), (half, 1), (whole, 2)):
        go_on(person, answers)
    frame = participation_frame(study)
    assert list(frame.columns) == [column.name for column in COLUMNS]
    assert where(frame) == [
        ["none", "instructions", pd.NA, 0, 0],
        ["none", "task", 1, 1, 0],
        ["none", "task", 2, 2, 1],
        ["finished", pd.NA, pd.NA, 2, 2],
    ]
    people = (read_nothing, began, half, whole)
    for person, row in zip(people, frame.to_dict("records"), strict=True):
        person.refresh_from_db()
        assert (row["study"], row["annotator"]) == (study.name, person.pseudonym)
        for name in ("consented_at", "began_at", "last_answer_at", "finished_at"):
            stored = getattr(person, name)
            assert row[name] == stored if stored else row[name] is pd.NaT, name


def test_withdrawing_and_being_excluded_are_told_with_the_page_where_it_happened():
    study = make_attribution_study(TWO_WORDS)
    first, second, third = (make_participation(study) for _ in range(3))
    go_on(first, 1)
    withdraw(participation=first)
    go_on(second, 0)
    exclude_annotator(participation=second, reason="careless")
    Participation.objects.filter(pk=third.pk).update(screened_out_at=datetime(2026, 1, 2, tzinfo=UTC))
    assert where(participation_frame(study)) == [
        ["withdrew", "task", 2, 2, 1],
        ["failed_checks", "task", 1, 1, 0],
        ["screened_out", "instructions", pd.NA, 0, 0],
    ]


def test_who_was_given_no_task_after_an_answer_was_left_waiting():
    """As when the study paused meanwhile."""
    study = make_attribution_study(TWO_WORDS)
    person = make_participation(study)
    answer_turn(claim_assignment(participation=person).turn, {"choice": 3})
    assert where(participation_frame(study)) == [["none", "waiting", pd.NA, 1, 1]]


def test_of_who_was_erased_it_is_known_that_they_were():
    study = make_attribution_study(TWO_WORDS)
    person = make_participation(study)
    go_on(person, 1)
    Participation.objects.update(language="de", consent_language="en")
    erase_answers(participation=person)
    (row,) = participation_frame(study).to_dict("records")
    known = {name: value for name, value in row.items() if not pd.isna(value)}
    assert known == {"study": study.name, "annotator": person.pseudonym, "outcome": "erased"}


def test_the_order_of_options_is_the_one_that_is_stored():
    study = make_open_study("object_presence")
    person = make_participation(study)
    order = list(range(len(study.options["objects"])))
    Random(person.seed).shuffle(order)
    assert participation_frame(study)["option_order"].tolist() == [str(order)]
    assert participation_frame(make_rated_study())["option_order"].unique().tolist() == ["[]"]


@pytest.mark.parametrize("at_once", [1, 2, 3, 4])
def test_it_is_the_same_in_whatever_chunks_it_is_read(monkeypatch, at_once):
    study = make_rated_study()
    whole = participation_frame(study)
    monkeypatch.setattr(participations, "READ_AT_ONCE", at_once)
    chunks = list(participation_chunks(study))
    assert [len(chunk) for chunk in chunks] == {1: [1, 1, 1], 2: [2, 1], 3: [3], 4: [3]}[at_once]
    pd.testing.assert_frame_equal(pd.concat(chunks, ignore_index=True), whole)


def test_people_and_where_they_are_take_one_query(django_assert_num_queries):
    study = make_rated_study()
    with django_assert_num_queries(1):
        participation_frame(study)


def test_a_study_without_people_is_a_header(tmp_path):
    frame, empty = participation_frame(make_rated_study()), participation_frame(make_study())
    assert dict(empty.dtypes) == dict(frame.dtypes)
    with (tmp_path / "people.csv").open("w") as file:
        assert write_participations([empty], file) == 0
    assert list(pd.read_csv(tmp_path / "people.csv").columns) == [column.name for column in COLUMNS]


def test_a_file_leaves_empty_what_never_happened(tmp_path):
    study = make_attribution_study(TWO_WORDS)
    go_on(make_participation(study), 1)
    with (tmp_path / "people.csv").open("w") as file:
        write_participations(participation_chunks(study), file)
    row = pd.read_csv(tmp_path / "people.csv").iloc[0]
    assert pd.isna(row["finished_at"])
    assert row["began_at"].endswith("Z")
    assert (row["dropped_at"], row["dropped_at_task"], row["option_order"]) == ("task", 2, "[]")


def test_the_codebook_has_every_column_once_and_every_outcome(tmp_path):
    write_codebook(COLUMNS, tmp_path / "codebook.csv")
    codebook = pd.read_csv(tmp_path / "codebook.csv").set_index("column")
    assert list(codebook.index) == [column.name for column in COLUMNS]
    assert codebook["meaning"].str.len().min() > 10
    for outcome in (*Outcome.values, "erased"):
        assert outcome in codebook.loc["outcome", "meaning"]
