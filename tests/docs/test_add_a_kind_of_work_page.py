"""The kind of work of docs/add-a-kind-of-work.md, written to files and installed, is done and found again."""

import importlib
import re
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from celery import current_app
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from daamweb.work.jobs import sweep_work
from daamweb.work.models import Work
from tests.factories import make_prompt_set

# Tables are made beside a transaction, since SQLite makes none inside.
pytestmark = pytest.mark.django_db(transaction=True)
PAGE = Path(__file__).parents[2] / "docs" / "add-a-kind-of-work.md"
BLOCKS = re.findall(
    r"^`(\w+\.py)`: .*?```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)
JOB = "word_counts.jobs.count_words"
TEXTS = ("a dog", "a dog on a sofa", "two cats")
WORDS = 9  # in all of them


@pytest.fixture
def app(tmp_path, monkeypatch, settings):
    """The page's modules, as an app of the site with its table."""
    assert [name for name, _ in BLOCKS] == ["models.py", "services.py", "jobs.py"]
    folder = tmp_path / "word_counts"
    folder.mkdir()
    for name, code in (("__init__.py", ""), *BLOCKS):
        (folder / name).write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "word_counts"]
    modules = {
        name: importlib.import_module(f"word_counts.{name}") for name in ("models", "services", "jobs")
    }
    model = modules["models"].WordCount
    with connection.schema_editor() as editor:
        editor.create_model(model)
    yield SimpleNamespace(WordCount=model, **modules)
    with connection.schema_editor() as editor:
        editor.delete_model(model)
    del current_app.tasks[JOB], apps.all_models["word_counts"]
    for name in [name for name in sys.modules if name.split(".")[0] == "word_counts"]:
        del sys.modules[name]


@pytest.fixture
def prompt_set():
    return make_prompt_set([(text, []) for text in TEXTS])


def let_lease_run_out(count: Work) -> None:
    type(count).objects.filter(pk=count.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_the_words_are_counted_by_a_worker_that_is_told_of_it(app, prompt_set, pokes):
    count = app.jobs.start_count(prompt_set=prompt_set)
    assert pokes == [(JOB, (count.pk,))]
    app.jobs.count_words(count.pk)
    app.jobs.count_words(count.pk)  # a message may come twice
    count.refresh_from_db()
    assert (count.state, count.words, count.total, count.attempts) == (Work.State.DONE, WORDS, 3, 1)


def test_it_keeps_the_rules_of_all_leased_work(app):
    names = {constraint.name for constraint in app.WordCount._meta.constraints}
    assert {constraint.name % {"class": "wordcount"} for constraint in Work._meta.constraints} < names


def test_asked_twice_it_is_one_row_until_that_has_ended(app, prompt_set, pokes):
    first = app.services.request_count(prompt_set=prompt_set)
    assert app.services.request_count(prompt_set=prompt_set) == first
    with pytest.raises(IntegrityError), transaction.atomic():
        app.WordCount.objects.create(prompt_set=prompt_set)
    app.jobs.count_words(first.pk)
    assert app.services.request_count(prompt_set=prompt_set) != first


def test_the_sweep_finds_what_a_killed_worker_left(app, prompt_set, pokes):
    count = app.services.request_count(prompt_set=prompt_set)
    assert count.take()
    let_lease_run_out(count)
    sweep_work()
    assert pokes == [(JOB, (count.pk,))]
    app.jobs.count_words(count.pk)
    assert not count.mark_counted(0)  # the worker that was taken for dead
    count.refresh_from_db()
    assert (count.state, count.words, count.attempts) == (Work.State.DONE, WORDS, 2)


def test_a_worker_that_lost_its_lease_stops(app, prompt_set, monkeypatch):
    monkeypatch.setattr(app.services, "SLICE", 1)
    count = app.services.request_count(prompt_set=prompt_set)
    renew = app.WordCount.renew
    told = []

    def renew_too_late(self, **progress):
        let_lease_run_out(self)
        assert app.WordCount.objects.get(pk=self.pk).take()
        told.append(progress)
        return renew(self, **progress)

    monkeypatch.setattr(app.WordCount, "renew", renew_too_late)
    assert not app.services.run_count(count=count)
    assert told == [{"done": 1}]
    count.refresh_from_db()
    assert (count.state, count.done, count.words) == (Work.State.RUNNING, 0, None)


def test_an_error_stands_on_the_row_and_it_can_be_tried_again(app, prompt_set, monkeypatch):
    count = app.services.request_count(prompt_set=prompt_set)
    with monkeypatch.context() as patch:
        patch.setattr(app.services, "SLICE", 0)
        app.jobs.count_words(count.pk)
    count.refresh_from_db()
    assert (count.state, count.error.split(":")[0]) == (Work.State.FAILED, "ZeroDivisionError")
    assert count.requeue()
    app.jobs.count_words(count.pk)
    count.refresh_from_db()
    assert count.words == WORDS
