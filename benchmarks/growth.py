"""What claims and pages cost when a study grows.

    python -m benchmarks.growth [--database sqlite|postgres://…] [--places 6000,1000000] [--tasks 20000]

Everything is in databases of its own, which are dropped in the end. A claim is the median of 200, through the
service: in a fresh study, in one that is 99 % done, and by people who have had everything, or all but one
task; the bar is that in the largest study it takes at most twice as long as in the smallest. Pages are all of
the site and the admin with a study of so many tasks and three answers to each; the bar is half a second for
each, the median of three. What opening, exporting and reporting cost: benchmarks/scale.py.
"""

import argparse
import json
import statistics
import sys
import time
from typing import Any

from benchmarks import claims
from benchmarks.databases import empty_site

MOST_RATIO = 2.0
MOST_PAGE_SECONDS = 0.5
SLOWEST = 10  # pages that are listed


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, or the address of a database on a PostgreSQL server"
    )
    parser.add_argument("--places", default="6000,1000000", help="the sizes at which claims are measured")
    parser.add_argument("--claims", type=int, default=200, help="of which the median is taken")
    parser.add_argument(
        "--tasks", type=int, default=20_000, help="tasks of the study whose pages are visited"
    )
    options = parser.parse_args()
    sizes = [int(size) for size in options.places.split(",")]
    claimed = measure_claims(options.database, sizes, options.claims)
    with empty_site(options.database):
        pages = measure_pages(options.tasks)
    found = {"database": options.database.partition(":")[0], **claimed, **pages}
    missed = print_bars(found)
    print(json.dumps(found, ensure_ascii=False))
    return 1 if missed else 0


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
    from benchmarks.large_studies import analyze
    from benchmarks.pages import every_page
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
    return {
        "places": site.study.places_wanted,
        "responses": responses,
        "pages": len(seconds),
        "page_s": round(seconds[slowest[0]], 3),
        "slowest_page": slowest[0],
    }


def print_bars(found: dict[str, Any]) -> list[str]:
    """Say of every bar whether it was reached; return those that were missed."""
    missed = []
    for name, most in (
        ("claim_ratio", MOST_RATIO),
        ("page_s", MOST_PAGE_SECONDS),
    ):
        reached = found[name] <= most
        print(f"{name} {found[name]} (bar {most}: {'reached' if reached else 'missed'})")
        missed += [] if reached else [name]
    return missed


if __name__ == "__main__":
    sys.exit(main())
