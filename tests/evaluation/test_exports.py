import json
from io import StringIO

import pandas as pd
import pytest

from annotations.kinds.registry import KINDS
from annotations.measured import FLAGS, WORDS
from annotations.models import Assignment, Task
from evaluation.exports import write_codebook, write_responses
from evaluation.frames.columns import COLUMNS, columns_of
from evaluation.frames.columns_of_pages import FAST
from evaluation.frames.responses import CORRECTED, LATE, NOT_PAINTED, answered_turns, response_chunks
from tests.evaluation.studies import (
    answer_task,
    file_frame,
    make_attribution_study,
    make_rated_study,
    make_ticked_study,
    save,
)
from tests.factories import make_annotator, make_open_study, make_prompt_set, make_run

pytestmark = pytest.mark.django_db


def exported(study, tmp_path) -> pd.DataFrame:
    """As a reader reads the file."""
    path = tmp_path / "responses.csv"
    save(study, path)
    return pd.read_csv(path)


@pytest.mark.parametrize("at_once", [1, 4, 15, 100])
def test_a_file_is_the_same_in_whatever_chunks_it_is_written(monkeypatch, at_once):
    study = make_rated_study()
    whole, file, told = StringIO(), StringIO(), []
    write_responses([file_frame(study)], whole)
    monkeypatch.setattr("evaluation.frames.responses.READ_AT_ONCE", at_once)
    chunks = response_chunks(study, answered_turns(study))
    assert write_responses(chunks, file, told.append) == 15
    assert file.getvalue() == whole.getvalue()
    assert told == sorted({*range(at_once, 15, at_once), 15})


def test_a_first_chunk_without_rows_leaves_one_header():
    frame, file = file_frame(make_rated_study()), StringIO()
    write_responses([frame[:0], frame], file)
    assert file.getvalue().count("submitted_at") == 1


def test_a_file_is_what_pandas_would_write():
    for study in (make_rated_study(), make_ticked_study({("cat", "dog", None): [("dog", "cat"), ()]})):
        frame, file = file_frame(study), StringIO()
        write_responses([frame], file)
        for column in ("objects", "prompt_objects", "flags"):
            if column in frame:
                frame[column] = frame[column].map(json.dumps)
        assert file.getvalue() == frame.to_csv(
            index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ", lineterminator="\n"
        )


def test_every_column_is_there_and_every_number_is_the_same_when_it_is_read_back(tmp_path):
    study = make_attribution_study({"dog": ("NOUN", ()), "runs": ("VERB", ())})
    for number, task in enumerate(study.tasks.all()):
        answer_task(task, make_annotator(), {"choice": number + 1}, milliseconds=(12_345, None)[number])
    frame, read = file_frame(study), exported(study, tmp_path)
    assert list(read.columns) == list(frame.columns) == [column.name for column in columns_of(study)]
    numbers = list(frame.select_dtypes("number"))
    assert {"task", "place", "milliseconds", "choice"} <= set(numbers)
    for column in numbers:
        assert list(read[column].astype(frame[column].dtype).dropna()) == list(frame[column].dropna()), column
    assert read["milliseconds"].isna().tolist() == [False, True]
    for column in ("study", "prompt", "word", "part_of_speech", "annotator", "label", "role", "ended"):
        assert list(read[column]) == list(frame[column]), column
    assert read["dropped"].isna().all()  # all count
    for column in ("submitted_at", "revised_at"):
        assert list(pd.to_datetime(read[column])) == list(frame[column])
        assert read[column].str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z").all()


def test_lists_are_json(tmp_path):
    study = make_ticked_study({("cat", "dog", True): [("dog", "cat"), ()]})
    read = exported(study, tmp_path)
    assert [json.loads(cell) for cell in read["objects"]] == [["dog", "cat"], []]
    assert [json.loads(cell) for cell in read["prompt_objects"]] == [["cat", "dog"]] * 2
    assert list(read["cohyponyms"]) == [True, True]
    assert read["word_id"].isna().all()


def test_what_is_not_known_is_an_empty_cell(tmp_path):
    prompt_set = make_prompt_set([("a cat and a dog", [])], [{"nouns": ["cat", "dog"]}])
    study = make_open_study("object_presence", make_run(prompt_set))
    answer_task(study.tasks.get(), make_annotator(), {"objects": []})
    assert exported(study, tmp_path)["cohyponyms"].isna().all()


@pytest.mark.parametrize("word", ["=1+1", "+1", "-2", "@SUM", "＝1"])
def test_a_formula_is_defused(tmp_path, word):
    study = make_rated_study({word: ("SYM", (1, 2, 3))})
    read = exported(study, tmp_path)
    assert set(read["word"]) == {f"'{word}"}
    assert set(read["prompt"]) == {f"'{word}"}


@pytest.mark.parametrize("text", ["\tdog", "\rdog", "\ndog"])
def test_blanks_do_not_hide_a_formula(text):
    study = make_open_study(run=make_run(make_prompt_set([(text, [("dog", "NOUN", "")])])))
    answer_task(study.tasks.get(), make_annotator(), {"choice": 1})
    file = StringIO()
    write_responses([file_frame(study)], file)
    assert f"'{text}" in file.getvalue()


def test_numbers_and_ordinary_words_are_left_alone(tmp_path):
    study = make_rated_study({"well-known": ("ADJ", (1, 2, 3))})
    assert set(exported(study, tmp_path)["word"]) == {"well-known"}


def test_the_file_is_utf_8_and_keeps_what_csv_finds_hard(tmp_path):
    text = 'Größe, "zitiert"\n猫 🐈'
    study = make_open_study(run=make_run(make_prompt_set([(text, [("猫", "NOUN", "")])])))
    answer_task(study.tasks.get(), make_annotator(), {"choice": 1})
    path = tmp_path / "responses.csv"
    save(study, path)
    assert "猫 🐈".encode() in path.read_bytes()
    assert list(pd.read_csv(path)["prompt"]) == [text]


def test_writing_leaves_the_frame_as_it_was():
    study = make_ticked_study({("cat", "dog", True): [("dog", "cat")]})
    frame = file_frame(study)
    write_responses([frame], StringIO())
    assert list(frame["objects"]) == [["dog", "cat"]]


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_study_without_answers_is_a_header(tmp_path, kind):
    study = make_open_study(kind)
    read = exported(study, tmp_path)
    assert len(read) == 0
    assert list(read.columns) == [column.name for column in columns_of(study)]


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_codebook_says_what_every_column_means(tmp_path, kind):
    study = make_open_study(kind)
    path = tmp_path / "codebook.csv"
    write_codebook(columns_of(study), path)
    codebook = pd.read_csv(path)
    assert list(codebook.columns) == ["column", "type", "unit", "meaning"]
    assert list(codebook["column"]) == [column.name for column in columns_of(study)]
    assert (codebook["meaning"].str.len() > 10).all()
    assert codebook["type"].notna().all()


def test_the_codebook_names_every_reason_why_an_answer_does_not_count():
    (meaning,) = [column.meaning for column in COLUMNS if column.name == "dropped"]
    for reason in (LATE, CORRECTED, NOT_PAINTED, *Assignment.Dropped.values):
        assert reason in meaning


def test_the_codebook_names_every_role_and_every_end():
    for column, values in (("role", Task.Role.values), ("ended", ("submitted", "expired", "returned"))):
        (meaning,) = [each.meaning for each in COLUMNS if each.name == column]
        assert [value for value in values if value not in meaning] == []


def test_the_codebook_names_every_flag_and_every_word_of_a_layout():
    meanings = {column.name: column.meaning for column in COLUMNS}
    assert [flag for flag in (*FLAGS, FAST) if flag not in meanings["flags"]] == []
    for name, words in WORDS.items():
        assert [word for word in words if word not in meanings[name]] == []


def test_the_codebook_gives_the_options_and_warns_of_the_apostrophe():
    file = StringIO()
    write_codebook(columns_of(make_open_study()), file)
    assert "1 bad; 2 poor; 3 fair; 4 good; 5 excellent; 6 image too poor" in file.getvalue()
    assert "has an apostrophe before it" in file.getvalue()
