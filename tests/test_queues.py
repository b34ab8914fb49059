"""What the settings say about the broker, its queues and the sweeps."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings

from daamweb.queues import (
    EVERYTHING_ELSE,
    IMAGES,
    QUEUES,
    SWEEPS,
    BrokerAddressError,
    broker_at,
    check_address,
)
from tests.site import TOP


@pytest.mark.parametrize(
    "address",
    [
        "filesystem://localhost", "filesystem://", "redis://127.0.0.1", "redis://:word@host:6379/0", "rediss://host/1",
        "amqp://guest:guest@127.0.0.1:5672//", "amqp://host", "amqps://host/name",
    ],
)  # fmt: skip
def test_addresses_of_brokers(address):
    assert check_address(address) == address.partition(":")[0]


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("nonsense", "no broker that the site knows"),
        ("redis//host", "no broker that the site knows"),
        ("redis:host", "no broker that the site knows"),
        ("http://host", "no broker that the site knows"),
        ("sqla+sqlite:///file", "no broker that the site knows"),
        ("redis://", "names no host"),
        ("amqp:///name", "names no host"),
        ("redis://host/name", "number of a database"),
        ("redis://user:secret@host:port/0", "the port cannot be read"),
        ("redis://host:70000/0", "the port cannot be read"),
        ("amqp://[host", "cannot be read"),
        ("filesystem:///tmp/queue", "has no host and no path"),
        ("filesystem://elsewhere", "has no host and no path"),
    ],
)
def test_what_is_no_address_of_a_broker_is_said(address, why):
    with pytest.raises(BrokerAddressError, match=why) as refused:
        check_address(address)
    assert "secret" not in str(refused.value)


def test_the_site_does_not_start_with_an_address_that_is_none():
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=TOP, env={**os.environ, "CELERY_BROKER_URL": "redis//host"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert "CELERY_BROKER_URL is not the address of a broker: It names no broker that the site knows." in last
    assert "redis://host:6379/0" in last


@pytest.mark.parametrize("seconds", ["0", "-60"])
def test_the_site_does_not_start_with_sweeps_without_a_pause(seconds):
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=TOP, env={**os.environ, "SWEEP_SECONDS": seconds}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode != 0
    assert "SWEEP_SECONDS has to be 1 or more" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("address", ["redis://host", "rediss://host"])
def test_no_call_of_redis_waits_for_ever(address):
    _, transport, options = broker_at(address, Path("/nowhere"))
    assert transport is None
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 1


def test_the_broker_of_files_lies_in_its_folder():
    _, transport, options = broker_at("filesystem://localhost", Path("/var/broker"))
    assert transport == "daamweb.broker:Transport"
    assert (options["data_folder_in"], options["control_folder"]) == (
        "/var/broker/messages",
        "/var/broker/control",
    )


@pytest.mark.parametrize("entry", settings.CELERY_BEAT_SCHEDULE.values(), ids=settings.CELERY_BEAT_SCHEDULE)
def test_every_sweep_is_over_before_the_next_is_due(entry):
    scheduled = timedelta(seconds=entry["schedule"])
    assert scheduled / 2 < timedelta(seconds=entry["options"]["expires"]) < scheduled


def queue_of(name: str) -> str:
    return current_app.amqp.router.route({}, name)["queue"].name


def test_sweeps_wait_for_nothing_but_sweeps():
    current_app.loader.import_default_modules()
    jobs = [name for name in current_app.tasks if ".jobs." in name]
    assert {name for name in jobs if queue_of(name) == SWEEPS} == {
        entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }
    assert [name for name in jobs if queue_of(name) == IMAGES] == ["generation.jobs.generate_batch"]
    assert {queue_of(name) for name in jobs} == {SWEEPS, EVERYTHING_ELSE, IMAGES}


def test_a_worker_that_is_told_nothing_listens_to_all_queues():
    assert set(current_app.amqp.queues.consume_from) == set(QUEUES)
