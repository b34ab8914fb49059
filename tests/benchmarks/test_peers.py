"""That what the peers' annotators tell becomes the right figures; no peer is started."""

import json
import time

import pytest

from benchmarks.peers.__main__ import figures
from benchmarks.peers.browser import Browser
from benchmarks.peers.crowd import rate_together
from benchmarks.peers.interface import Study
from benchmarks.peers.potato import count_answers


class Quick:
    """Joins and rates in no time, and fails at the rating that it is told."""

    def __init__(self, fails_at: int = 0):
        self.joined, self.ratings, self.fails_at = False, 0, fails_at
        self.browser = Browser(port=0)
        self.browser.reloads = 2

    def join(self) -> None:
        self.joined = True

    def rate(self) -> None:
        time.sleep(0.001)
        self.ratings += 1
        if self.ratings == self.fails_at:
            raise RuntimeError("An answer was not taken.")


def test_the_crowd_tells_when_all_have_begun_and_what_was_acknowledged(capsys):
    annotators = [Quick() for _ in range(3)]
    told = rate_together(annotators, seconds=0.1)
    assert capsys.readouterr().out.split() == ["begun", "over"]
    assert all(annotator.joined for annotator in annotators)
    assert told["acknowledged"] == sum(annotator.ratings for annotator in annotators)
    # The first of each comes before what is measured.
    assert 0 < len(told["milliseconds"]) <= told["acknowledged"] - len(annotators)
    assert told["reloads"] == 6
    assert told["seconds"] >= 0.1
    assert min(told["milliseconds"]) >= 1


@pytest.mark.parametrize("fails_at", [1, 5])
def test_a_failure_ends_the_run_at_once(fails_at):
    began = time.monotonic()
    with pytest.raises(RuntimeError, match="not taken"):
        rate_together([Quick(), Quick(fails_at=fails_at)], seconds=60)
    assert time.monotonic() - began < 30


def test_figures_are_those_of_a_rating():
    told = {
        "seconds": 10.0,
        "milliseconds": [float(number) for number in range(100, 0, -1)],
        "acknowledged": 130,
        "reloads": 1,
    }
    assert figures(told, server=2.0, database=0.5) == {
        "ratings_per_s": 10.0,
        "p50_ms": 51.0,
        "p95_ms": 96.0,
        "server_cpu_ms": 20.0,
        "database_cpu_ms": 5.0,
        "acknowledged": 130,
        "reloads": 1,
    }
    assert figures(told, server=2.0, database=None)["database_cpu_ms"] is None


def test_without_a_rating_there_are_no_figures():
    with pytest.raises(SystemExit, match="--seconds"):
        figures(
            {"seconds": 1.0, "milliseconds": [], "acknowledged": 0, "reloads": 0}, server=0.0, database=None
        )


@pytest.mark.parametrize(("annotators", "share"), [(20, 300), (7, 858), (1, 2000)])
def test_the_shares_of_all_annotators_fill_the_study(annotators, share):
    assert Study(items=2000, replicas=3, annotators=annotators).share == share


def test_potatos_answers_are_counted_over_all_people(tmp_path):
    for name, items in (("anna", ["item-1", "item-2"]), ("berta", ["item-1"]), ("carl", [])):
        (tmp_path / name).mkdir()
        state = {"instance_id_to_label_to_value": {item: [[{"schema": "quality"}, "4"]] for item in items}}
        (tmp_path / name / "user_state.json").write_text(json.dumps(state), encoding="utf-8")
    (tmp_path / "potato.log").write_text("not a person", encoding="utf-8")
    assert count_answers(tmp_path) == 3
