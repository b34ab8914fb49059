"""How the site holds up when a study grows: claims, opening, pages, export and report.

    python -m benchmarks.scale [--database sqlite|postgres://…] [--places 6000,1000000] [--frame 1000000] …

Everything is in databases of its own, which are dropped in the end. A claim is the median of 200, through the
service: in a fresh study, in one that is 99 % done, and by people who have had everything, or all but one
task; the bar is that in the largest study it takes at most twice as long as in the smallest. Pages are all of
the site and the admin with a study of so many tasks and three answers to each; the bar is half a second for
each, the median of three. Opening, export and report are commands in processes of their own, start-up and
memory included; so is a data frame of a million answers, whose bar is 20 s and 600 MB.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from typing import Any

from benchmarks import claims
from benchmarks.databases import empty_site

MOST_RATIO = 2.0
MOST_PAGE_SECONDS = 0.5
MOST_FRAME_SECONDS, MOST_FRAME_MEGABYTES = 20, 600
SLOWEST = 10  # pages that are listed
REPLICAS = 3
CROWD = 300  # people in the study that is read
READ_FRAME = (
    "from evaluation.frames.responses import response_frame; response_frame(Study.objects.get(name='read'))"
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, or the address of a database on a PostgreSQL server"
    )
    parser.add_argument("--places", default="6000,1000000", help="the sizes at which claims are measured")
    parser.add_argument("--claims", type=int, default=200, help="of which the median is taken")
    parser.add_argument("--frame", type=int, default=1_000_000, help="answers of the frame that is read")
    parser.add_argument("--opening", type=int, default=6_000, help="places of the study that is opened")
    parser.add_argument(
        "--tasks", type=int, default=20_000, help="tasks of the study whose pages are visited"
    )
    options = parser.parse_args()
    sizes = [int(size) for size in options.places.split(",")]
    claimed = measure_claims(options.database, sizes, options.claims)
    with empty_site(options.database):
        opening = measure_opening(options.opening)
        pages = measure_pages(options.tasks)
        frame = measure_frame(options.frame)
    found = {"database": options.database.partition(":")[0], **claimed, **opening, **pages, **frame}
    missed = print_bars(found)
    print(json.dumps(found, ensure_ascii=False))
    return 1 if missed else 0


def measure_opening(places: int) -> dict[str, Any]:
    from benchmarks.large_runs import WORDS, make_large_run
    from benchmarks.large_studies import make_large_draft
    from benchmarks.processes import run_command

    tasks = places // REPLICAS
    run = make_large_run(-(-tasks // len(WORDS)), name="opened")
    make_large_draft(run, name="opened", tasks=tasks, replicas=REPLICAS)
    seconds, megabytes = run_command("open_study", "opened")
    print(f"opening a study of {places:,} places: {seconds:.1f} s, {megabytes:.0f} MB", flush=True)
    return {"open_s": round(seconds, 2), "open_mb": round(megabytes)}


def measure_frame(responses: int) -> dict[str, Any]:
    """All answers of a study in one data frame; in a process of its own, start-up and memory included."""
    from benchmarks.large_runs import make_large_run
    from benchmarks.large_studies import add_people, analyze, fill, make_large_draft, open_large_study
    from benchmarks.processes import run_command

    tasks = responses // REPLICAS
    run = make_large_run(50, name="read")
    study = open_large_study(make_large_draft(run, name="read", tasks=tasks, replicas=REPLICAS))
    crowd = len(add_people(study, CROWD))
    fill(
        study, ((each % tasks, each // tasks, sum(divmod(each, tasks)) % crowd) for each in range(responses))
    )
    analyze()
    seconds, megabytes = run_command("shell", "--verbosity", "0", "--command", READ_FRAME)
    print(f"a frame of {responses:,} answers: {seconds:.1f} s, {megabytes:.0f} MB", flush=True)
    return {"frame_responses": responses, "frame_s": round(seconds, 2), "frame_mb": round(megabytes)}


def measure_claims(database: str, sizes: list[int], count: int) -> dict[str, Any]:
    measured = claims.measure_claims(database, sizes, count)
    print(f"{'a claim, ms, at places':<24}{''.join(f'{size:>12,}' for size in sizes)}{'ratio':>8}")
    table, ratios = {}, {}
    for situation, row in measured.items():
        table[situation] = {str(size): round(ms, 3) for size, ms in zip(sizes, row, strict=True)}
        ratios[situation] = row[-1] / row[0]
        print(f"{situation:<24}{''.join(f'{ms:>12.2f}' for ms in row)}{ratios[situation]:>8.2f}", flush=True)
    return {"claim_ms": table, "claim_ratio": round(max(ratios.values()), 2)}


def measure_pages(tasks: int) -> dict[str, Any]:
    """Of every page, and what the same study costs to export and to report."""
    from benchmarks.large_studies import analyze
    from benchmarks.pages import every_page
    from benchmarks.processes import run_command
    from benchmarks.site_rows import make_site

    site = make_site(tasks, name="visited")
    analyze()
    responses = sum(site.study.participations.values_list("answered", flat=True))
    seconds: dict[str, float] = {}
    for page in every_page(site):
        times = []
        for _ in range(3):
            began = time.perf_counter()
            page.visit(site)
            times.append(time.perf_counter() - began)
        seconds[page.name] = statistics.median(times)
    print(f"{len(seconds)} pages at {tasks:,} tasks and {responses:,} answers; the slowest:")
    slowest = sorted(seconds, key=lambda name: -seconds[name])[:SLOWEST]
    for name in slowest:
        print(f"  {seconds[name]:.3f} s  {name}")
    found = {
        "places": site.study.places_wanted,
        "responses": responses,
        "pages": len(seconds),
        "page_s": round(seconds[slowest[0]], 3),
        "slowest_page": slowest[0],
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in (
            ("export", ("export_responses", site.study.name, "--output", f"{folder}/responses.csv")),
            ("report", ("report", site.study.name, "--output", f"{folder}/report")),
        ):
            cost, megabytes = run_command(*arguments)
            found |= {f"{name}_s": round(cost, 2), f"{name}_mb": round(megabytes)}
            print(f"{name} of {responses:,} answers: {cost:.1f} s, {megabytes:.0f} MB", flush=True)
    return found


def print_bars(found: dict[str, Any]) -> list[str]:
    """Say of every bar whether it was reached; return those that were missed."""
    missed = []
    for name, most in (
        ("claim_ratio", MOST_RATIO),
        ("page_s", MOST_PAGE_SECONDS),
        ("frame_s", MOST_FRAME_SECONDS),
        ("frame_mb", MOST_FRAME_MEGABYTES),
    ):
        reached = found[name] <= most
        print(f"{name} {found[name]} (bar {most}: {'reached' if reached else 'missed'})")
        missed += [] if reached else [name]
    return missed


if __name__ == "__main__":
    sys.exit(main())
