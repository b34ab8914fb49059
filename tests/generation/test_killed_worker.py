"""A real worker process, killed in the middle of a batch, on every broker and database."""

import os
from collections import Counter
from pathlib import Path

import pytest

from generation.demo.tiny import build_tiny_checkpoint
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


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint") / "tiny"
    build_tiny_checkpoint(folder)
    return folder


def states(site: Site) -> Counter:
    return Counter(state for (state,) in site.rows("SELECT state FROM generation_generation"))


def kill_in_the_middle(site: Site, checkpoint: Path) -> None:
    captions = site.folder / "captions.txt"
    captions.write_text("\n".join(CAPTIONS))
    site.manage("migrate", "--verbosity", "0")
    site.manage("import_prompts", str(captions), "--prompt-set", "set")
    with site.worker("--queues", "generation") as worker:
        site.manage(
            "generate", "--prompt-set", "set", "--run", "run", "--checkpoint", str(checkpoint),
            "--steps", "60", "--batch-size", "2",
        )  # fmt: skip
        site.wait_for(lambda: states(site)["succeeded"] >= 2 and states(site)["running"] > 0, seconds=90)
        kill_group(worker)
    assert states(site)["running"] > 0
    # The sweep of the worker's own beat finds what the dead one held.
    with site.worker("--queues", "generation,default", "--beat"):
        site.wait_for(lambda: states(site) == {"succeeded": len(CAPTIONS)}, seconds=120)


def assert_finished_once(site: Site) -> None:
    attempts = [count for (count,) in site.rows("SELECT attempts FROM generation_generation")]
    assert max(attempts) == 2  # what was killed was tried again …
    assert min(attempts) == 1  # … and what was finished was not
    files = [path.name for path in (site.folder / "media").rglob("*") if path.is_file()]
    stems = Counter(name.rpartition("-")[0] for name in files)
    assert len(stems) == len(CAPTIONS)
    assert set(stems.values()) == {2}  # one image and one file of heat maps each


def test_killed_worker_leaves_nothing_undone_and_nothing_twice(tmp_path, checkpoint):
    site = Site(tmp_path, GENERATION_LEASE_SECONDS="5", SWEEP_SECONDS="1")
    kill_in_the_middle(site, checkpoint)
    assert_finished_once(site)


@pytest.mark.services
@pytest.mark.parametrize("broker", [REDIS, RABBITMQ], ids=["redis", "rabbitmq"])
def test_killed_worker_on_postgresql_and_a_real_broker(tmp_path, checkpoint, postgres_database, broker):
    site = Site(
        tmp_path,
        GENERATION_LEASE_SECONDS="5",
        SWEEP_SECONDS="1",
        DATABASE_URL=postgres_database,
        CELERY_BROKER_URL=broker,
    )
    kill_in_the_middle(site, checkpoint)
    assert_finished_once(site)
