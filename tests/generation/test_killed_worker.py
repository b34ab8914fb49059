"""A real worker process, killed in the middle of a batch, on every broker and database."""

import hashlib
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.site import Site, kill_group

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
RABBITMQ = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")

CAPTIONS = (
    "a cat on grass",
    "a dog and a ball",
    "two red apples",
    "a bus on a road",
    "a cake",
    "a bird in snow",
)


def states(site: Site) -> Counter:
    return Counter(state for (state,) in site.rows("SELECT state FROM generation_generation"))


def is_in_the_middle(site: Site) -> bool:
    return states(site)["done"] >= 2 and states(site)["running"] > 0


def kill_in_the_middle(site: Site, checkpoint: Path) -> None:
    captions = site.folder / "captions.txt"
    captions.write_text("\n".join(CAPTIONS))
    site.migrate()
    site.manage("import_prompts", str(captions), "--prompt-set", "set")
    with site.worker("--queues", "generation") as worker:
        site.manage(
            "generate", "--prompt-set", "set", "--run", "run", "--checkpoint", str(checkpoint),
            "--steps", "60", "--batch-size", "2",
        )  # fmt: skip

        def caught_in_the_middle() -> bool:
            if not is_in_the_middle(site):
                return False
            # Held still, so that it cannot finish the batch between this look and its death.
            os.killpg(worker.pid, signal.SIGSTOP)
            if is_in_the_middle(site):
                return True
            os.killpg(worker.pid, signal.SIGCONT)
            return False

        site.wait_for(caught_in_the_middle, seconds=120)
        kill_group(worker)
    assert is_in_the_middle(site)
    # The sweep of the worker's own beat finds what the dead one held.
    with site.worker("--beat"):
        site.wait_for(lambda: states(site) == {"done": len(CAPTIONS)}, seconds=180)


def assert_finished_once(site: Site) -> None:
    attempts = [count for (count,) in site.rows("SELECT attempts FROM generation_generation")]
    assert max(attempts) == 2  # what was killed was tried again …
    assert min(attempts) == 1  # … and what was finished was not
    rows = site.rows("SELECT image, image_sha256, heat_maps, heat_maps_sha256 FROM generation_generation")
    files = [(name, checksum) for row in rows for name, checksum in (row[:2], row[2:])]
    assert len({name for name, _ in files}) == len({checksum for _, checksum in files}) == 2 * len(CAPTIONS)
    for name, checksum in files:
        assert hashlib.sha256((site.folder / "media" / name).read_bytes()).hexdigest() == checksum


@pytest.mark.services  # for its time
def test_killed_worker_leaves_nothing_undone_and_nothing_twice(tmp_path, tiny_checkpoint):
    site = Site(tmp_path, GENERATION_LEASE_SECONDS="5", SWEEP_SECONDS="1")
    kill_in_the_middle(site, tiny_checkpoint)
    assert_finished_once(site)


@pytest.mark.services
@pytest.mark.parametrize("broker", [REDIS, RABBITMQ], ids=["redis", "rabbitmq"])
def test_killed_worker_on_postgresql_and_a_real_broker(tmp_path, tiny_checkpoint, postgres_database, broker):
    site = Site(
        tmp_path,
        GENERATION_LEASE_SECONDS="5",
        SWEEP_SECONDS="1",
        DATABASE_URL=postgres_database,
        CELERY_BROKER_URL=broker,
    )
    kill_in_the_middle(site, tiny_checkpoint)
    assert_finished_once(site)
