"""What opening, exporting and reporting a large study cost.

    python -m benchmarks.scale [--database sqlite|postgres://…] [--tasks 333334]

A draft of so many tasks × 3 is written in bulk: 14 words of each image, as many as a caption has; all images
share two files of a photograph's size, which are opened and hashed for every image, so that only what a disk
takes to read them comes on top. The draft is opened by the command `open_study`; its places are answered in
bulk by 600 people; the answers are exported and the report is computed by the workers' functions, their files
stored. Each in a process of its own: seconds and peak memory are those of the whole process, start-up
included. `…_cpu_s`: what the process computed itself, which others on the machine do not lengthen;
`…_wait_s`: how long, at most, somebody else waited meanwhile to write into SQLite's file.

The database is one of its own, dropped in the end.
"""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.databases import empty_site
from benchmarks.locks import longest_wait
from benchmarks.processes import Cost, run_command

REPLICAS = 3
PEOPLE = 600
BARS = {
    "open_s": 120, "open_mb": 500, "open_wait_s": 0.5,
    "export_s": 60, "export_mb": 300, "export_wait_s": 0.5,
    "report_cpu_s": 60, "report_mb": 2000, "report_wait_s": 0.5,
}  # fmt: skip
NAME = "large"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, or the address of a database on a PostgreSQL server"
    )
    parser.add_argument("--tasks", type=int, default=333_334, help="of three places each")
    options = parser.parse_args()
    with empty_site(options.database):
        found = {"database": options.database.partition(":")[0], **measure(options.tasks)}
    missed = print_bars(found)
    print(json.dumps(found, ensure_ascii=False))
    return 1 if missed else 0


def measure(tasks: int) -> dict[str, Any]:
    found = make_draft(tasks)
    _tell(found, "open", lambda: run_command("open_study", NAME))
    found["responses"] = answer_all()
    _tell(found, "export", lambda: run_job(EXPORT))
    found["export_file_mb"] = _exported_megabytes(found["responses"])
    _tell(found, "report", lambda: run_job(REPORT))
    return found


def make_draft(tasks: int) -> dict[str, Any]:
    from benchmarks.large_runs import LONG, NOISE, make_large_run
    from benchmarks.large_studies import analyze, make_large_draft

    run = make_large_run(-(-tasks // len(LONG.words)), name=NAME, caption=LONG, noise=NOISE)
    study = make_large_draft(run, name=NAME, tasks=tasks, replicas=REPLICAS)
    analyze()
    generation = run.generations.first()
    megabytes = (generation.image.size + generation.heat_maps.size) * run.generations.count() / 1e6
    print(f"{tasks:,} tasks × {REPLICAS} of {run.generations.count():,} images, {megabytes:,.0f} MB of files")
    return {"tasks": tasks, "places": study.places_wanted, "files_mb": round(megabytes)}


def answer_all() -> int:
    """Fill every place; return how many answers there are."""
    from annotations.models import Response, Study
    from benchmarks.large_studies import add_people, analyze, fill

    study = Study.objects.get(name=NAME)
    crowd = len(add_people(study, PEOPLE))
    places = range(study.places_wanted)
    fill(study, ((each % study.items, each // study.items, _person(each, study, crowd)) for each in places))
    analyze()
    return Response.objects.count()


def _person(place: int, study: Any, crowd: int) -> int:
    """Nobody gets a task twice."""
    return sum(divmod(place, study.items)) % crowd


def _exported_megabytes(responses: int) -> int:
    from evaluation.models import Export

    export = Export.objects.get(state=Export.State.DONE, answers=responses)
    return round(export.file.size / 1e6)


EXPORT = """
from django.contrib.auth.models import User
from evaluation.models import Export
from evaluation.services.exports import request_export, write_export
researcher, _ = User.objects.get_or_create(username="researcher")
export = request_export(study=Study.objects.get(name="large"), by=researcher)
assert write_export(export=export), Export.objects.get(pk=export.pk).error
"""
REPORT = """
from evaluation.analyses.registry import get_analysis
from evaluation.models import Report
from evaluation.services.reports import compute_report, request_report
report = request_report(subject=Study.objects.get(name="large"), analysis=get_analysis("opinion"))
assert compute_report(report=report), Report.objects.get(pk=report.pk).error
"""


def run_job(code: str) -> Cost:
    """As a worker does it."""
    return run_command("shell", "--verbosity", "0", "--command", code)


def _tell(found: dict[str, Any], name: str, run: Callable[[], Cost]) -> None:
    with longest_wait() as waited:
        cost = run()
    found |= {
        f"{name}_s": round(cost.seconds, 1),
        f"{name}_cpu_s": round(cost.computed, 1),
        f"{name}_mb": round(cost.megabytes),
    }
    if waited.measured:
        found[f"{name}_wait_s"] = round(waited.seconds, 3)
    waits = f", others waited at most {waited.seconds:.2f} s" if waited.measured else ""
    print(
        f"{name}: {cost.seconds:.1f} s, of them {cost.computed:.1f} computed, {cost.megabytes:.0f} MB{waits}",
        flush=True,
    )


def print_bars(found: dict[str, Any]) -> list[str]:
    """Say of every bar whether it was reached; return those that were missed."""
    missed = []
    for name, most in BARS.items():
        if name in found:
            reached = found[name] <= most
            print(f"{name} {found[name]} (bar {most}: {'reached' if reached else 'missed'})")
            missed += [] if reached else [name]
    return missed


if __name__ == "__main__":
    sys.exit(main())
