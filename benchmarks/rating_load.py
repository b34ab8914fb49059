"""What the rating path carries: annotators without think time against the site as it is served, over HTTP.

    python -m benchmarks.rating_load --database sqlite --items 2000 --replicas 3 --annotators 20 --seconds 15
    python -m benchmarks.rating_load --database postgres://postgres@127.0.0.1:5432/postgres

Server, database and annotators share the machine. Every annotator consents, reads the instructions and rates
one task after another; a rating's time is from sending the answer until the next task is there. CPU is that
of the web server's processes, and of PostgreSQL's, while the annotators rate, for each rating. Afterwards the
rows are held against what was acknowledged. With `--pictures` the two pictures of every task are fetched,
too.

Prints a table and, as its last line, one JSON object.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.databases import empty_site
from benchmarks.processes import TOP, cpu_seconds
from benchmarks.rating_audit import audit

# As the Procfile has it, and as docs/proxy.md says for PostgreSQL.
PROCESSES = {"sqlite": 1, "postgresql": 2}
THREADS = 8
# Answered before anything is measured: templates are read, connections are made.
WARM_UP_SECONDS = 2.0


def measure(
    database: str,
    *,
    items: int,
    replicas: int,
    annotators: int,
    seconds: float,
    pictures: bool,
    captions: int,
) -> dict[str, float | int | None]:
    with empty_site(database):
        slug = _make_study(items, replicas)
        with served_site(database) as (port, pid), _imported(captions):
            said = _rate(port, slug, pid, annotators=annotators, seconds=seconds, pictures=pictures)
        beside = _stored_captions() if captions else {}
        return {**said.pop("measured"), **audit(said["answers"]), **beside}


def _make_study(items: int, replicas: int) -> str:
    from benchmarks.large_runs import make_large_run
    from benchmarks.large_studies import analyze, make_large_draft, open_large_study

    run = make_large_run(500)
    draft = make_large_draft(run, name="load", tasks=items, replicas=replicas, checks=50)
    slug = open_large_study(draft).slug
    analyze()
    return slug


@contextmanager
def served_site(database: str, *, quietly: bool = False) -> Iterator[tuple[int, int]]:
    """The port, and the process id, of the site served by gunicorn; `quietly`: without its log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    processes = PROCESSES["sqlite" if database == "sqlite" else "postgresql"]
    command = [
        sys.executable, "-m", "gunicorn", "daamweb.wsgi", "--bind", f"127.0.0.1:{port}",
        "--workers", str(processes), "--threads", str(THREADS), "--log-level", "warning",
    ]  # fmt: skip
    log = subprocess.DEVNULL if quietly else None
    environment = os.environ | {"ALLOWED_HOSTS": "127.0.0.1"}
    process = subprocess.Popen(command, cwd=TOP, env=environment, stderr=log)
    try:
        _wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("gunicorn did not begin to answer within 20 seconds; see above.")


@contextmanager
def _imported(captions: int) -> Iterator[None]:
    """So many captions are imported and then parsed beside, by another process, again and again."""
    if not captions:
        yield
        return
    file = Path(os.environ["VAR_FOLDER"], "captions.txt")
    file.write_text("".join(f"A dog and {number} cats beside a red car.\n" for number in range(captions)))
    python = f"{sys.executable} manage.py"
    command = (
        f"for n in 1 2 3 4 5 6 7 8 9; do {python} import_prompts {file} --prompt-set beside$n && "
        f"{python} parse_prompts beside$n || exit 1; done"
    )
    process = subprocess.Popen(["/bin/sh", "-c", command], cwd=TOP, start_new_session=True)
    try:
        yield
        if process.poll():
            raise SystemExit("The captions could not be imported or parsed; see above.")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _stored_captions() -> dict[str, int]:
    from generation.models import Prompt, Word

    parsed = Word.objects.filter(prompt__prompt_set__name__startswith="beside", head=None)
    imported = Prompt.objects.filter(prompt_set__name__startswith="beside")
    return {"captions_imported": imported.count(), "captions_parsed": parsed.count()}


def _rate(port: int, slug: str, pid: int, *, annotators: int, seconds: float, pictures: bool) -> dict:
    """The annotators are a process of their own; it says when the first and the last measured rating is."""
    arguments = [str(port), slug, str(annotators), str(WARM_UP_SECONDS), str(seconds), str(int(pictures))]
    command = [sys.executable, "-m", "benchmarks.rating_client", *arguments]
    process = subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    before = cpu_seconds(pid), _database_cpu()
    process.stdout.readline()
    server, database = cpu_seconds(pid) - before[0], _database_cpu() - before[1]
    said = json.loads(process.stdout.readline())
    if process.wait() or not said["milliseconds"]:
        raise SystemExit("The annotators could not rate; see above.")
    milliseconds, ratings = sorted(said["milliseconds"]), max(said["ratings"], 1)
    said["measured"] = {
        "ratings_per_s": round(said["ratings"] / said["seconds"], 1),
        "p50_ms": round(milliseconds[len(milliseconds) // 2], 1),
        "p95_ms": round(milliseconds[int(len(milliseconds) * 0.95)], 1),
        "server_cpu_ms": round(1000 * server / ratings, 2),
        "database_cpu_ms": round(1000 * database / ratings, 2) if _is_postgresql() else None,
    }
    return said


def _is_postgresql() -> bool:
    return os.environ["DATABASE_URL"].startswith("postgres")


def _database_cpu() -> float:
    """Of all processes of the PostgreSQL server: it has to be on this machine, and to do nothing else."""
    if not _is_postgresql():
        return 0.0
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_read_file('postmaster.pid')")
        pid = int(cursor.fetchone()[0].split()[0])
    if not Path(f"/proc/{pid}").exists():
        raise SystemExit("PostgreSQL is not on this machine, so what it costs cannot be read.")
    return cpu_seconds(pid)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--database", default="sqlite", help="sqlite, or the address of a PostgreSQL server")
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--annotators", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--pictures", action="store_true", help="fetch the pictures of every task, too")
    parser.add_argument(
        "--captions", type=int, default=0, help="so many are imported and parsed beside, by another process"
    )
    arguments = parser.parse_args()
    found = measure(
        arguments.database, items=arguments.items, replicas=arguments.replicas,
        annotators=arguments.annotators, seconds=arguments.seconds, pictures=arguments.pictures,
        captions=arguments.captions,
    )  # fmt: skip
    bars = _bars(arguments)
    for name, value in found.items():
        print(f"{name:>18} {value}{_beside(bars.get(name), value)}")
    print(json.dumps(found))
    return 0 if all(_is_reached(bar, found[name]) for name, bar in bars.items()) else 1


def _bars(arguments: argparse.Namespace) -> dict[str, tuple[str, float]]:
    """Of two cores that nobody else uses. Nothing may ever be lost."""
    bars = dict.fromkeys(("lost", "over", "under", "twice"), ("<=", 0.0))
    if arguments.captions:
        return bars | {"p95_ms": ("<=", 1000)}
    if arguments.annotators == 1:
        return bars | {"p50_ms": ("<=", 20)}
    if arguments.pictures:
        return bars
    # A million places may cost 1.3 times as much.
    more = 1.3 if arguments.items * arguments.replicas >= 1_000_000 else 1
    bars |= {"p95_ms": ("<=", 350), "server_cpu_ms": ("<=", 11 * more)}
    if arguments.database == "sqlite":
        return bars | {"ratings_per_s": (">=", 80 / more)}
    return bars | {"ratings_per_s": (">=", 120 / more), "database_cpu_ms": ("<=", 4 * more)}


def _is_reached(bar: tuple[str, float], value: float) -> bool:
    return value <= bar[1] if bar[0] == "<=" else value >= bar[1]


def _beside(bar: tuple[str, float] | None, value: float) -> str:
    if bar is None:
        return ""
    return f"   {'reached' if _is_reached(bar, value) else 'MISSED'}: {bar[0]} {bar[1]:g}"


if __name__ == "__main__":
    sys.exit(main())
