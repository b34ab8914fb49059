"""That the benchmark measures what it says; no timings are looked at."""

import json
import subprocess
import sys

import pytest

from annotations.models import Assignment, Participation, Place, Study
from benchmarks import growth
from benchmarks.claims import seconds_of_claim, situations
from tests.conftest import POSTGRES
from tests.site import TOP


def test_bars_are_printed_and_those_missed_are_named(capsys):
    assert growth.print_bars({"claim_ratio": 1.9, "page_s": 0.5}) == []
    assert growth.print_bars({"claim_ratio": 2.1, "page_s": 0.6}) == ["claim_ratio", "page_s"]
    printed = capsys.readouterr().out
    assert "claim_ratio 1.9 (bar 2.0: reached)" in printed
    assert "page_s 0.6 (bar 0.5: missed)" in printed


@pytest.mark.django_db
def test_claims_are_measured_where_their_names_say_and_taken_back():
    filled = []
    for name, people, finds in situations(600):
        before = Assignment.objects.count(), list(Participation.objects.order_by("pk").values())
        assert seconds_of_claim(people[0], finds=finds) > 0
        assert (Assignment.objects.count(), list(Participation.objects.order_by("pk").values())) == before
        assert not Place.objects.exclude(reserved_for=None).exists()
        filled.append((name, Place.objects.exclude(turn=None).count()))
        if name == "has had everything":
            assert people[0].assignments.count() == Study.objects.get().items
        if name == "has had all but one":
            assert people[0].assignments.count() == Study.objects.get().items - 1
    # Of 200 tasks with three places each.
    assert filled == [
        ("fresh", 0),
        ("has had everything", 399),
        ("has had all but one", 399),
        ("99 % done", 592),
    ]


@pytest.mark.services
def test_the_whole_benchmark_on_postgresql():
    small = ("--places", "600,900", "--claims", "5", "--tasks", "40")
    command = [sys.executable, "-m", "benchmarks.growth", "--database", POSTGRES, *small]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["places"], found["responses"]) == (120, 117)
    assert found["claim_ms"]["fresh"].keys() == {"600", "900"}
    assert done.returncode == (found["claim_ratio"] > 2 or found["page_s"] > 0.5)
