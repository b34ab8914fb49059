"""That the benchmark measures what it says; no timings are looked at."""

import json
import subprocess
import sys

import pytest

from annotations.models import Study
from annotations.services.integrity import check_study
from annotations.services.openings import open_study
from benchmarks import scale
from benchmarks.locks import longest_wait
from tests.conftest import POSTGRES
from tests.site import TOP

CONTRACT = {"open_s", "open_mb", "export_s", "export_mb", "report_s", "report_mb", "places", "responses"}


def test_bars_are_printed_and_those_missed_are_named(capsys):
    good = dict.fromkeys(scale.BARS, 0.1)
    assert scale.print_bars(good) == []
    assert scale.print_bars({**good, "open_s": 121, "export_mb": 301}) == ["open_s", "export_mb"]
    printed = capsys.readouterr().out
    assert "open_s 0.1 (bar 120: reached)" in printed
    assert "export_mb 301 (bar 300: missed)" in printed


@pytest.mark.django_db
def test_the_study_that_is_measured_is_one_that_people_could_have_filled():
    found = scale.make_draft(30)
    study = Study.objects.get(name=scale.NAME)
    assert (found["tasks"], found["places"]) == (30, 90)
    assert study.run.generations.count() == 3  # 14 words of an image
    open_study(study=study)
    assert scale.answer_all() == 90
    assert check_study(study) == ()
    people = study.participations.filter(answered__gt=0)
    assert sum(people.values_list("answered", flat=True)) == 90


@pytest.mark.django_db(transaction=True)
def test_who_else_writes_is_asked_only_where_writers_wait_for_each_other():
    from django.db import connection

    with longest_wait() as waited:
        pass
    assert waited.measured == (connection.vendor == "sqlite")


@pytest.mark.parametrize("database", ["sqlite", pytest.param(POSTGRES, marks=pytest.mark.services)])
def test_the_whole_benchmark(database):
    command = [sys.executable, "-m", "benchmarks.scale", "--database", database, "--tasks", "30"]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) >= CONTRACT
    assert (found["places"], found["responses"]) == (90, 90)
    assert done.returncode == any(found[name] > most for name, most in scale.BARS.items() if name in found)
