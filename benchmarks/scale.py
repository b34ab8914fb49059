"""How the site holds up when a study grows: claims, opening, pages, exports and reports.

    python -m benchmarks.scale [--database sqlite|postgres://…] [--places 6000,1000000] [--pages 20000]

A database of its own is made and dropped. Claims are measured one by one, through the service: the median of
200 people's, in a fresh study and in one that is 99 % done; the bar is that the largest study's claim takes
at most twice the smallest's. Pages are those of the site and the admin at so many tasks, each with three
answers; the bar is half a second each. Memory is what a process of its own adds at its peak."""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path

CLAIMS = 200
REPLICAS = 3
MOST_RATIO = 2.0
MOST_PAGE_SECONDS = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, or the address of a PostgreSQL server's database"
    )
    parser.add_argument("--places", default="6000,1000000", help="sizes of studies whose claims are measured")
    parser.add_argument(
        "--pages", type=int, default=20_000, help="tasks of the study whose pages are measured"
    )
    options = parser.parse_args()
    sizes = [int(size) for size in options.places.split(",")]
    with site(options.database):
        figures = measure(sizes, options.pages)
    print(json.dumps(figures))
    return 0 if figures["claim_ratio"] <= MOST_RATIO and figures["page_s"] <= MOST_PAGE_SECONDS else 1


@contextmanager
def site(database: str):
    """Django, on an empty database of its own."""
    with tempfile.TemporaryDirectory(prefix="daamweb-scale-") as folder:
        address, drop = f"sqlite:///{folder}/scale.sqlite3", lambda: None
        if database != "sqlite":
            address, drop = _new_postgresql(database)
        os.environ |= {
            "SECRET_KEY": "benchmark", "VAR_FOLDER": folder, "MEDIA_ROOT": f"{folder}/media",
            "HTTPS_ONLY": "False", "DATABASE_URL": address, "LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "daamweb.settings", "ALLOWED_HOSTS": "testserver",
        }  # fmt: skip
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0)
        try:
            yield
        finally:
            connections.close_all()
            drop()


def _new_postgresql(address: str) -> tuple[str, Callable[[], None]]:
    import psycopg

    name = f"daamweb_scale_{uuid.uuid4().hex[:8]}"

    def execute(sql: str) -> None:
        with psycopg.connect(address, autocommit=True) as server:
            server.execute(sql)

    execute(f"CREATE DATABASE {name}")
    return f"{address.rpartition('/')[0]}/{name}", partial(execute, f"DROP DATABASE {name} WITH (FORCE)")


def measure(sizes: list[int], tasks: int) -> dict[str, float]:
    from benchmarks.large_runs import make_large_run
    from benchmarks.large_studies import analyze

    run = make_large_run(50)
    claims = [measure_claims(run, size) for size in sizes]
    figures: dict[str, float] = {
        "claim_ms": claims[-1],
        "claim_ratio": claims[-1] / claims[0],
        **measure_opening(run, sizes[0]),
    }
    study = make_answered_study(run, tasks)
    analyze()
    figures["places"], figures["responses"] = study.places_wanted, study.places_wanted
    pages = measure_pages(study)
    figures["page_s"] = max(pages.values())
    print(f"{len(pages)} pages at {tasks:,} tasks and {study.places_wanted:,} answers; the slowest:")
    for address, seconds in sorted(pages.items(), key=lambda item: -item[1])[:8]:
        print(f"  {seconds:6.3f} s  {address}")
    for name, work in (("export", partial(_export, study.pk)), ("report", partial(_report, study.pk))):
        figures[f"{name}_s"], figures[f"{name}_mb"] = in_a_process_of_its_own(work)
        cost = f"{figures[f'{name}_s']:.1f} s, {figures[f'{name}_mb']:.0f} MB"
        print(f"{name} of {study.places_wanted:,} answers: {cost}")
    return figures


def measure_claims(run, places: int) -> float:
    """Milliseconds of a claim in a study of so many places, the slower one of fresh and nearly done."""
    from annotations.services.claims import claim_assignment
    from benchmarks.large_studies import add_people, analyze, fill, make_large_draft, open_large_study

    tasks = places // REPLICAS
    study = open_large_study(make_large_draft(run, name=f"claims {places}", tasks=tasks, replicas=REPLICAS))
    people = add_people(study, 3 * CLAIMS)
    medians = []
    for what, first in (("fresh", 0), ("99 % done", CLAIMS)):
        if first:  # by the last of the people, a replica's tasks shared out among them
            raters = range(2 * CLAIMS, 3 * CLAIMS)
            fill(
                study,
                (
                    (task, replica, raters[(task + replica) % CLAIMS])
                    for replica in range(REPLICAS)
                    for task in range(tasks)
                    if (replica * tasks + task) % 100 and not _is_held(study, task, replica)
                ),
            )
        analyze()
        seconds = []
        for person in people[first : first + CLAIMS]:
            began = time.perf_counter()
            claim = claim_assignment(participation=person)
            seconds.append(time.perf_counter() - began)
            assert claim.turn is not None
        medians.append(1000 * statistics.median(seconds))
        print(f"claim of {places:,} places, {what}: {medians[-1]:.2f} ms (median of {CLAIMS})")
    return max(medians)


_held: dict[int, set[int]] = {}


def _is_held(study, task: int, replica: int) -> bool:
    """Whether the first claims took this place."""
    if study.pk not in _held:
        from annotations.models import Place

        held = Place.objects.filter(study=study).exclude(turn=None, reserved_for=None)
        _held[study.pk] = set(held.values_list("order", flat=True))
    return replica * study.items + task in _held[study.pk]


def measure_opening(run, places: int) -> dict[str, float]:
    from benchmarks.large_studies import make_large_draft

    study = make_large_draft(run, name="opening", tasks=places // REPLICAS, replicas=REPLICAS)
    seconds, megabytes = in_a_process_of_its_own(partial(_open, study.pk))
    print(f"opening {places:,} places: {seconds:.1f} s, {megabytes:.0f} MB")
    return {"open_s": seconds, "open_mb": megabytes}


def make_answered_study(run, tasks: int):
    from benchmarks.large_studies import add_people, fill, make_large_draft, open_large_study

    study = open_large_study(make_large_draft(run, name="pages", tasks=tasks, replicas=REPLICAS))
    add_people(study, 60)
    fill(
        study,
        ((task, replica, (task + 20 * replica) % 60) for replica in range(REPLICAS) for task in range(tasks)),
    )
    return study


def measure_pages(study) -> dict[str, float]:
    """Seconds of each page of site and admin, the best of three, as a researcher sees it."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.create_superuser(username="researcher", password="x"))
    found = {}
    for address, method in addresses(study):
        best = float("inf")
        for _ in range(3):
            began = time.perf_counter()
            answer = getattr(client, method)(address)
            best = min(best, time.perf_counter() - began)
        if answer.status_code not in (200, 302):
            raise SystemExit(f"{address} answered {answer.status_code}")
        found[f"{method.upper()} {address}"] = best
    return found


def addresses(study) -> list[tuple[str, str]]:
    from django.contrib import admin

    run, task = study.run, study.tasks.select_related("generation").first()
    pages = [
        "/", "/admin/", f"/evaluation/studies/{study.pk}/report/", f"/generation/runs/{run.pk}/",
        f"/generation/images/{task.generation_id}/",
        f"/s/{study.slug}/tasks/{task.pk}/{task.generation.image_sha256}/image",
    ]  # fmt: skip
    for model in admin.site._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        pages.append(base)
        first = model._default_manager.order_by("pk").first()
        if first is not None:
            pages += [f"{base}{first.pk}/change/", f"{base}{first.pk}/history/"]
    pages.append(f"/admin/annotations/study/{study.pk}/change/")
    buttons = [
        f"/admin/annotations/study/{study.pk}/state/{change}/" for change in ("close", "close_at_once")
    ]
    return [*((page, "get") for page in pages), *((button, "post") for button in buttons)]


def _open(study_pk: int) -> None:
    from annotations.models import Study
    from annotations.services.openings import open_study

    open_study(study=Study.objects.get(pk=study_pk))


def _export(study_pk: int) -> None:
    from annotations.models import Study
    from evaluation.exports import write_responses
    from evaluation.frames import response_frame

    write_responses(response_frame(Study.objects.get(pk=study_pk)), Path(os.devnull))


def _report(study_pk: int) -> None:
    from annotations.models import Study
    from evaluation.frames import response_frame
    from evaluation.reports import build_report

    study = Study.objects.select_related("plan", "run__checkpoint").get(pk=study_pk)
    build_report(study, response_frame(study)).document()


def in_a_process_of_its_own(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds, and megabytes that it adds at its peak to what this process has now."""
    import multiprocessing

    from django.db import connections

    connections.close_all()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_timed, args=(work, sender))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        raise SystemExit("The measured process failed; see above.") from None
    finally:
        process.join()


def _timed(work: Callable[[], None], sender) -> None:
    before = _resident_mb()
    peak = [before]
    import threading

    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], _resident_mb())

    threading.Thread(target=watch, daemon=True).start()
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    done.set()
    sender.send((seconds, max(peak[0], _resident_mb()) - before))


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    sys.exit(main())
