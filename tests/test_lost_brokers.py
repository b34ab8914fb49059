"""Real workers whose broker on a network falls silent or begins anew: they find it again by themselves."""

import os
import time
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from celery import Celery

from tests.silent import Wire
from tests.site import Site

pytestmark = pytest.mark.services
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
RABBITMQ = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
JOB = "daamweb.account.jobs.sweep_sessions"


@pytest.fixture
def queue(monkeypatch) -> str:
    """Of this test alone. Celery takes an address of the environment for that of every application."""
    monkeypatch.delenv("CELERY_BROKER_URL")
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def sender(address, queue) -> Iterator[Celery]:
    """Past the wire."""
    app = Celery("sender", broker=address, set_as_current=False)
    yield app
    with app.connection_for_write() as connection:
        connection.default_channel.queue_delete(queue)


@pytest.mark.parametrize("address", [REDIS, RABBITMQ], ids=["redis", "rabbitmq"])
def test_a_worker_finds_its_broker_again(tmp_path, address, queue, sender):
    port = urlsplit(address).port
    wire = Wire(port)
    site = Site(tmp_path, CELERY_BROKER_URL=address.replace(f":{port}", f":{wire.port}"))
    site.migrate()
    log = tmp_path / "worker.log"

    def run_one(seconds: float) -> None:
        number = sender.send_task(JOB, queue=queue).id
        site.wait_for(lambda: f"[{number}] succeeded" in log.read_text(), seconds)

    try:
        with site.worker("--queues", queue, "--loglevel", "INFO") as worker:
            run_one(60)
            wire.runs.clear()
            time.sleep(5)  # longer than any call may take
            wire.runs.set()
            run_one(60)
            wire.runs.clear()
            wire.drop()
            time.sleep(3)
            wire.runs.set()
            run_one(60)
            assert worker.poll() is None
    finally:
        wire.close()
