import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from annotations.kinds.registry import KINDS
from annotations.models import Study
from evaluation.analyses.registry import ANSWERS, analyses_of_kind
from evaluation.errors import MissingNeedsError
from evaluation.reports import files
from tests.evaluation.studies import (
    analysis_of,
    answer_task,
    make_attribution_study,
    make_rated_study,
    make_ticked_study,
    report_of,
)
from tests.factories import make_annotator, make_open_study, make_study

pytestmark = pytest.mark.django_db

PRESENCE = {("cat", "dog", True): [("cat", "dog")] * 3, ("bench", "pizza", False): [("bench",)] * 3}


def make_answered_study(kind: str) -> Study:
    return make_rated_study() if kind == "attribution" else make_ticked_study(PRESENCE)


def write(study: Study, folder: Path, **watched) -> list[Path]:
    return files.write_report(study, analysis_of(study), folder, **watched)


def test_every_kind_of_ours_has_an_analysis_of_its_own():
    assert all(analyses_of_kind(kind) != (ANSWERS,) for kind in KINDS)


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_report_begins_with_the_plan_and_names_everything_once(kind):
    content = report_of(make_answered_study(kind))
    assert content.sections[0].title == "The frozen plan"
    names = [item.name for item in content.tables()]
    assert len(set(names)) == len(names)
    assert not {"responses", "codebook", "tables"} & set(names)
    figures = [item.name for item in content.figures()]
    assert figures
    assert set(figures) <= set(names)  # every figure has a table of its numbers, of the same name


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_report_can_be_built_before_the_first_answer(kind):
    assert report_of(make_open_study(kind)).document()["sections"]


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_draft_has_no_report(kind, tmp_path):
    study = make_study(kind)
    with pytest.raises(MissingNeedsError, match=f"'{study.name}' was never opened"):
        report_of(study)
    with pytest.raises(MissingNeedsError):
        write(study, tmp_path / "report")
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_folder_has_data_plan_tables_and_figures(kind, tmp_path):
    study = make_answered_study(kind)
    folder = tmp_path / "new" / "report"
    written = write(study, folder)
    assert sorted(written) == sorted(folder.iterdir())
    assert all(path.stat().st_size for path in written)
    content = report_of(study)
    assert {path.name for path in written} == {
        "responses.csv",
        "codebook.csv",
        "participations.csv",
        "participations_codebook.csv",
        "plan.json",
        "tables.csv",
        *(f"{item.name}.csv" for item in content.tables()),
        *(f"{item.name}.{format}" for item in content.figures() for format in ("svg", "pdf", "png")),
    }
    starts = {".svg": b"<?xml", ".pdf": b"%PDF", ".png": b"\x89PNG"}
    for path in written:
        if path.suffix in starts:
            assert path.read_bytes().startswith(starts[path.suffix])


@pytest.mark.parametrize("kind", list(KINDS))
def test_titles_and_notes_of_the_tables_are_beside_them(kind, tmp_path):
    study = make_answered_study(kind)
    write(study, tmp_path)
    told = pd.read_csv(tmp_path / "tables.csv", keep_default_na=False).to_dict("records")
    assert [(row["file"], row["title"], row["note"]) for row in told] == [
        (f"{table.name}.csv", table.title, table.note) for table in report_of(study).tables()
    ]
    assert any(row["note"] for row in told)
    for row in told:
        header = pd.read_csv(tmp_path / row["file"], nrows=0).columns
        assert set(row["columns"].split(" | ")) <= set(header)


def sha256_of(value) -> str:
    """As a reader without this project computes it: keys sorted, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_hash_that_the_report_gives_can_be_computed_from_the_plans_file_alone(kind, tmp_path):
    study = make_answered_study(kind)
    write(study, tmp_path)
    plan = json.loads((tmp_path / "plan.json").read_bytes())
    assert [task["position"] for task in plan["tasks"]] == list(range(study.tasks.count()))
    hashes = [sha256_of({name: task[name] for name in task if name != "sha256"}) for task in plan["tasks"]]
    assert hashes == [task["sha256"] for task in plan["tasks"]]
    of_tasks = hashlib.sha256("".join(f"{each}\n" for each in hashes).encode()).hexdigest()
    assert of_tasks == plan["tasks_sha256"]
    of_plan = sha256_of({"settings": plan["settings"], "tasks_sha256": of_tasks})
    assert of_plan == plan["sha256"]
    table = pd.read_csv(tmp_path / "plan.csv", index_col="what")["value"]
    assert table["SHA-256 of the plan"] == of_plan


def test_what_was_changed_since_is_found_when_the_folder_is_written(tmp_path):
    study = make_open_study(title="Before")
    Study.objects.filter(pk=study.pk).update(title="After")
    write(Study.objects.get(pk=study.pk), tmp_path)
    (row,) = pd.read_csv(tmp_path / "deviations.csv").to_dict("records")
    assert row == {"what": "title", "as frozen": '"Before"', "now": '"After"'}


def test_the_tables_have_the_numbers_in_full(tmp_path):
    write(make_rated_study(), tmp_path)
    scores = pd.read_csv(tmp_path / "opinion_scores.csv", index_col="part of speech")
    assert scores.loc["NOUN", "mean opinion score"] == 3.25
    assert scores.loc["NOUN", "mean opinion score low"] == pytest.approx(3.25 - 12.706204736 * 1.25)
    assert scores.loc["NOUN", "mean opinion score n"] == 2
    assert pd.isna(scores.loc["DET", "mean opinion score"])
    assert scores.loc["DET", "mean opinion score flag"] == "no_data"
    items = pd.read_csv(tmp_path / "items.csv", index_col="word")
    assert items.loc["dog", "score"] == 4.5
    assert pd.isna(items.loc["the", "score"])
    assert len(pd.read_csv(tmp_path / "responses.csv")) == 15


def test_writing_again_replaces_what_was_there(tmp_path):
    study = make_rated_study()
    first = {path.name: path.read_bytes() for path in write(study, tmp_path)}
    second = {path.name: path.read_bytes() for path in write(study, tmp_path)}
    assert first == second


def test_tables_and_responses_are_of_one_moment(monkeypatch, tmp_path):
    study = make_attribution_study()
    build_report = files.build_report

    def answer_first(*args):
        answer_task(study.tasks.first(), make_annotator(), {"choice": 3})
        return build_report(*args)

    monkeypatch.setattr(files, "build_report", answer_first)
    write(study, tmp_path)
    flow = pd.read_csv(tmp_path / "flow.csv", index_col="step")["count"]
    assert flow["responses collected"] == len(pd.read_csv(tmp_path / "responses.csv")) == 0
    assert len(pd.read_csv(tmp_path / "participations.csv")) == 0


def test_progress_is_told_after_every_file(tmp_path):
    told = []
    written = write(make_rated_study(), tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, len(written)) for done in range(1, len(written) + 1)]
