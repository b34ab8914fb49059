"""The analysis of docs/add-an-analysis.md, registered and nothing else, goes all the way on a run:
page → worker → page → CSV."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from evaluation.analyses import registry
from evaluation.analyses.interface import Analysis, Needs
from evaluation.documents.content import Section
from evaluation.documents.tables import Table
from evaluation.jobs import compute_report
from evaluation.models import Report
from evaluation.reports.build import build_report
from evaluation.reports.gather import gather
from evaluation.services import reports
from generation.models import Generation, GenerationRun
from tests.evaluation.studies import document_of, make_rated_study, texts
from tests.factories import make_prompt_set, make_run

PAGE = Path(__file__).parents[3] / "docs" / "add-an-analysis.md"
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
NAMES: dict = {"__name__": "add_an_analysis"}
exec(compile(CODE, str(PAGE), "exec"), NAMES)
Areas: type[Analysis] = NAMES["Areas"]

DOG = ("a dog runs", [("a", "DET", ""), ("dog", "NOUN", ""), ("runs", "VERB", "")])
pytestmark = pytest.mark.django_db


@pytest.fixture
def areas(monkeypatch) -> Analysis:
    analysis = Areas()
    monkeypatch.setitem(registry.ANALYSES, analysis.key, analysis)
    return analysis


def address(run: GenerationRun, rest: str = "areas/") -> str:
    return f"/evaluation/runs/{run.pk}/analyses/{rest}"


def mean_share(run: GenerationRun, word: str) -> float:
    """Of the image, past the analysis: Eq. 7 from the stored maps."""
    shares = []
    for generation in run.generations.all():
        heat = generation.load_heat_maps().word(word).soft()
        shares.append((heat >= np.float32(0.4) * heat.max()).mean())
    return float(np.mean(shares))


def test_the_pages_analysis_goes_from_a_runs_page_to_its_numbers(areas, researcher_client, tmp_path):
    run = make_run(make_prompt_set([DOG]), seeds=(0, 1, 2))
    assert address(run, "") in researcher_client.get(f"/generation/runs/{run.pk}/").text
    assert address(run) in researcher_client.get(address(run, "")).text
    assert "has not been computed yet" in researcher_client.get(address(run)).text

    asked = researcher_client.post(address(run, "areas/refresh/"))
    assert asked.headers["Location"] == address(run)
    report = Report.objects.get()
    assert "Waits for a worker" in researcher_client.get(address(run)).text
    compute_report(report.pk)
    page = researcher_client.get(address(run)).text
    for shown in ("Areas by part of speech", "How the images were made", run.name, "finished: 3"):
        assert shown in page
    rows = {row[0]: row[1:] for row in texts(document_of(report), "areas")}
    assert rows["NOUN"] == ["3", "0", f"{mean_share(run, 'dog'):.3g}"]

    folder = tmp_path / "areas"
    call_command("analyze", "areas", "--run", run.name, "--output", str(folder))
    table = pd.read_csv(folder / "areas.csv").set_index("part of speech")
    assert list(table.index) == ["DET", "NOUN", "VERB"]
    assert table.loc["VERB", "mean share of the image"] == pytest.approx(mean_share(run, "runs"))
    how = pd.read_csv(folder / "run.csv").set_index("what")["value"]
    assert how["images"] == "finished: 3"
    assert sorted(path.name for path in folder.iterdir()) == ["areas.csv", "run.csv", "tables.csv"]


def test_images_that_are_not_finished_are_counted_and_left_out(areas):
    run = make_run(make_prompt_set([DOG]))
    Generation.objects.create(run=run, prompt=run.prompt_set.prompts.get(), seed=7)
    content = build_report(gather(run, areas), areas)
    (plan,) = [table for table in content.tables() if table.name == "run"]
    assert dict(plan.rows)["images"] == "finished: 1, waiting: 1"


class Both(Analysis):
    """Reads answers and heat maps."""

    key = "both"
    label = "Both"
    needs = Needs(responses=("attribution",), heat_maps=True)

    def sections(self, inputs):
        rows = tuple((image.prompt, len(inputs.responses), len(image.words)) for image in inputs.images)
        return (Section("Both", tables=(Table("both", "Both", ("prompt", "answers", "words"), rows),)),)


def test_an_analysis_of_answers_gets_the_images_that_were_judged(monkeypatch, tmp_path):
    monkeypatch.setitem(registry.ANALYSES, "both", Both())
    study = make_rated_study()
    call_command("analyze", "both", "--study", study.name, "--output", str(tmp_path / "both"))
    (row,) = pd.read_csv(tmp_path / "both" / "both.csv").to_dict("records")
    assert row == {"prompt": "dog cat runs the of", "answers": 15, "words": 5}


def test_a_run_that_has_not_changed_keeps_its_report(areas, researcher_client):
    run = make_run(make_prompt_set([DOG]))
    for _ in range(2):
        researcher_client.post(address(run, "areas/refresh/"))
        compute_report(Report.objects.latest("pk").pk)
    first = Report.objects.get()
    Generation.objects.filter(run=run).update(heat_maps_sha256="0" * 64)
    researcher_client.post(address(run, "areas/refresh/"))
    compute_report(Report.objects.latest("pk").pk)
    assert Report.objects.get() != first


def test_another_parse_of_the_words_is_another_report(areas, researcher_client):
    run = make_run(make_prompt_set([DOG]))
    researcher_client.post(address(run, "areas/refresh/"))
    compute_report(Report.objects.get().pk)
    first = Report.objects.get().fingerprint
    run.prompt_set.prompts.get().words.filter(text="dog").update(part_of_speech="PROPN")
    researcher_client.post(address(run, "areas/refresh/"))
    compute_report(Report.objects.latest("pk").pk)
    assert Report.objects.get().fingerprint != first
    assert [row[0] for row in texts(document_of(Report.objects.get()), "areas")] == ["DET", "PROPN", "VERB"]


def test_words_that_are_parsed_anew_while_they_are_read_have_it_done_again(areas, monkeypatch):
    run = make_run(make_prompt_set([DOG]))
    report = Report.objects.create(run=run, analysis="areas")
    words = run.prompt_set.prompts.get().words
    build_report = reports.build_report

    def parsed_meanwhile(*args):
        words.filter(text="dog").update(part_of_speech="PROPN")
        return build_report(*args)

    with monkeypatch.context() as patch:
        patch.setattr(reports, "build_report", parsed_meanwhile)
        compute_report(report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempts) == (Report.State.QUEUED, 0)
    compute_report(report.pk)
    assert [row[0] for row in texts(document_of(report), "areas")] == ["DET", "PROPN", "VERB"]


def test_progress_is_told_image_by_image(areas, monkeypatch):
    monkeypatch.setattr("evaluation.services.reports.TELL_EVERY", 0)
    run = make_run(make_prompt_set([DOG]), seeds=range(4))
    report = Report.objects.create(run=run, analysis="areas")
    told = []
    renew = Report.renew

    def seen(self, **fields):
        told.append((fields["done"], fields["total"]))
        return renew(self, **fields)

    monkeypatch.setattr(Report, "renew", seen)
    compute_report(report.pk)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_file_that_is_gone_fails_the_report_and_is_named(areas):
    run = make_run(make_prompt_set([DOG]))
    generation = run.generations.get()
    generation.heat_maps.storage.delete(generation.heat_maps.name)
    report = Report.objects.create(run=run, analysis="areas")
    compute_report(report.pk)
    report.refresh_from_db()
    assert report.state == Report.State.FAILED
    assert "The heat maps of prompt '0', seed 0, cannot be read" in report.error


# --- needs that are not there: what is missing, and how to get it


def test_a_run_without_a_finished_image_is_told_what_to_do(areas, researcher_client, tmp_path):
    run = make_run(make_prompt_set([DOG]), finished=False)
    said = f"no image of the run “{run.name}” is finished. Wait for its workers"
    with pytest.raises(CommandError, match=said):
        call_command("analyze", "areas", "--run", run.name, "--output", str(tmp_path / "areas"))
    assert not (tmp_path / "areas").exists()
    for page in (address(run), address(run, "")):
        assert "Wait for its workers" in researcher_client.get(page).text
    researcher_client.post(address(run, "areas/refresh/"))
    assert not Report.objects.exists()


class Overlaps(Analysis):
    key = "overlaps"
    label = "Overlaps"
    needs = Needs(heat_maps=True, masks=True)

    def sections(self, inputs):
        raise AssertionError("it was begun without what it needs")


def test_masks_are_said_to_be_missing(monkeypatch, tmp_path):
    monkeypatch.setitem(registry.ANALYSES, "overlaps", Overlaps())
    run = make_run(make_prompt_set([DOG]))
    with pytest.raises(CommandError, match=f"the run “{run.name}” has none: this version of daamweb cannot"):
        call_command("analyze", "overlaps", "--run", run.name, "--output", str(tmp_path / "overlaps"))


def test_answers_are_not_a_runs_and_images_alone_not_a_studys(areas, tmp_path):
    study = make_rated_study()
    output = ["--output", str(tmp_path / "out")]
    with pytest.raises(CommandError, match=r"which has none\. Build a study of attribution"):
        call_command("analyze", "opinion", "--run", study.run.name, *output)
    with pytest.raises(CommandError, match=f"Analyse the run “{study.run.name}” itself"):
        call_command("analyze", "areas", "--study", study.name, *output)
    with pytest.raises(CommandError, match="reads the answers of studies of object_presence"):
        call_command("analyze", "cohyponyms", "--study", study.name, *output)
    assert not (tmp_path / "out").exists()
