"""A worker that drops a message because nobody wants it any more says so."""

import time
from threading import Event

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from daamweb.celery import app as site
from daamweb.overdue import logger


@pytest.fixture
def site_again():
    """`start_worker` makes its application that of all that comes behind it in this process."""
    yield
    site.set_current()
    site.set_default()


def test_what_came_too_late_is_not_done_and_told(monkeypatch, site_again):
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery takes it for that of every application
    app = Celery("late", broker="memory://", set_as_current=False, task_cls="daamweb.overdue:Job")
    app.conf.task_ignore_result = True
    done: list[int] = []
    over = Event()

    @app.task(name="tests.sweep_late")
    def sweep(number: int) -> None:
        done.append(number)
        if number == 2:
            over.set()

    sweep.apply_async((1,), expires=0.05)
    sweep.apply_async((2,), expires=3600)
    time.sleep(0.1)
    said: list[str] = []
    monkeypatch.setattr(logger, "warning", lambda text, *values: said.append(text % values))
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        assert over.wait(20)
    assert done == [2]
    assert len(said) == 1
    assert said[0].startswith("tests.sweep_late was dropped: it was wanted until ")


def test_all_jobs_of_the_site_do():
    site.loader.import_default_modules()
    jobs = [task for name, task in site.tasks.items() if ".jobs." in name]
    assert jobs
    assert {task.Request for task in jobs} == {"daamweb.overdue:Request"}
