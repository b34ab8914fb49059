"""See the package's own description."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import benchmarks.peers
from benchmarks.peers.environments import commands_of
from benchmarks.peers.interface import Peer, Running, Setting, Study
from benchmarks.peers.registry import PEERS
from benchmarks.processes import TOP, cpu_seconds


def measure(peer: Peer, study: Study, *, database: str, own_server: bool, seconds: float) -> dict:
    commands = commands_of(peer)
    with tempfile.TemporaryDirectory(prefix=f"{peer.name}-") as folder:
        setting = Setting(commands=commands, folder=Path(folder), database=database, own_server=own_server)
        with peer.run(study, setting) as running:
            found = rate(peer, running, annotators=study.annotators, seconds=seconds)
            found["stored"] = running.count_stored()
    found["lost"] = found["acknowledged"] - found["stored"]
    return {"name": peer.name, "version": peer.version, **found}


def rate(peer: Peer, running: Running, *, annotators: int, seconds: float) -> dict:
    """CPU is read when the annotators say that the measured time begins, and that it is over."""
    arguments = [peer.name, str(running.port), str(annotators), str(seconds)]
    command = [sys.executable, "-m", "benchmarks.peers.crowd", *arguments]
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True) as crowd:
        readings = []
        while crowd.stdout.readline().strip() in ("begun", "over"):
            readings.append((cpu_seconds(running.pid), _database_cpu(running)))
            if len(readings) == 2:
                break
        told = crowd.stdout.read()
    if crowd.returncode or len(readings) != 2:
        raise SystemExit("The annotators could not rate; see above.")
    server, database = (after - before for before, after in zip(*readings, strict=True))
    return figures(json.loads(told), server, None if running.database_pid is None else database)


def _database_cpu(running: Running) -> float:
    return 0.0 if running.database_pid is None else cpu_seconds(running.database_pid)


def figures(told: dict, server: float, database: float | None) -> dict:
    """What the annotators told and seconds of CPU, as the keys that rating_load prints."""
    milliseconds = sorted(told["milliseconds"])
    ratings = len(milliseconds)
    if not ratings:
        raise SystemExit("No rating ended in the measured time; measure for more --seconds.")
    return {
        "ratings_per_s": round(ratings / told["seconds"], 1),
        "p50_ms": round(percentile(milliseconds, 0.5), 1),
        "p95_ms": round(percentile(milliseconds, 0.95), 1),
        "server_cpu_ms": round(1000 * server / ratings, 2),
        "database_cpu_ms": None if database is None else round(1000 * database / ratings, 2),
        "acknowledged": told["acknowledged"],
        "reloads": told["reloads"],
    }


def percentile(ordered: Sequence[float], share: float) -> float:
    """As rating_load takes it: the value that so large a share lies below."""
    return ordered[int(len(ordered) * share)]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers",
        description=benchmarks.peers.__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432/postgres")
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--annotators", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--own-server", action="store_true", help="as its command serves it")
    asked = parser.parse_args()
    study = Study(items=asked.items, replicas=asked.replicas, annotators=asked.annotators)
    found = measure(
        PEERS[asked.peer], study, database=asked.database, own_server=asked.own_server, seconds=asked.seconds
    )
    for name, value in found.items():
        print(f"{name:>16} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
