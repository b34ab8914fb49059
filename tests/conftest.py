"""What every test may use."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.test import Client

from annotations.models import Study
from annotations.services.integrity import check_study
from daamweb.projects.models import Project
from tests.door.limits.clock import Clock
from tests.factories import make_member, make_user
from tests.site import Site
from tests.slow import is_slow

TESTS = Path(__file__).parent


def pytest_configure():
    """Half a second a password is for those who would guess it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_ignore_collect(collection_path, config):
    """Slow files are not imported to be left out: torch alone takes seconds."""
    if "not slow" in config.option.markexpr and is_slow(collection_path.relative_to(TESTS).as_posix()):
        return True
    return None


def pytest_collection_modifyitems(items):
    """Slow files come first: of two processes, none has to wait for the other's last one in the end."""
    for item in items:
        if is_slow(item.nodeid.removeprefix("tests/")):
            item.add_marker("slow")
    files_first = {item.path: 0 for item in items if item.get_closest_marker("slow") is not None}
    items.sort(key=lambda item: files_first.get(item.path, 1))


POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(autouse=True)
def media_folder(settings, tmp_path):
    """Every test has its own media folder."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture(autouse=True)
def studies_stay_sound(request, _django_db_marker):
    """Whatever a test did, the rows of its studies fit together in the end; a test that breaks them by hand
    is marked with `breaks_rows`."""
    yield
    node = request.node
    if node.get_closest_marker("django_db") is None or node.get_closest_marker("breaks_rows") is not None:
        return
    for study in Study.objects.exclude(state=Study.State.ERASING):  # of which a part may be gone
        assert check_study(study) == (), study


@pytest.fixture
def pokes(monkeypatch):
    """The jobs that were poked, as (name, args), instead of a broker."""
    sent: list[tuple[str, tuple]] = []

    def send(self, args=(), **options):
        sent.append((self.name, args))

    monkeypatch.setattr("celery.app.task.Task.apply_async", send)
    return sent


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """The clock of all limits; it stands still until a test sets it."""
    clock = Clock()
    monkeypatch.setattr("daamweb.door.limits.clock.now", clock.microseconds)
    return clock


@pytest.fixture
def researcher(django_user_model):
    return django_user_model.objects.create_superuser(username="researcher", password="researcher-password")


@pytest.fixture
def researcher_client(client, researcher):
    client.force_login(researcher)
    return client


@pytest.fixture
def member_client():
    """A browser of somebody new who is this in a project, by default the only one; with None, of somebody
    who is of the staff and in no project."""

    def member_client(role: str | None, project: Project | None = None) -> Client:
        client = Client()
        client.force_login(make_member(role, project) if role else make_user(is_staff=True))
        return client

    return member_client


@contextmanager
def new_database(options: str = "") -> Iterator[str]:
    """The address of a database of its own, dropped in the end."""
    name = f"daamweb_{uuid.uuid4().hex[:12]}"
    server, _, _ = POSTGRES.rpartition("/")
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {options}")
    yield f"{server}/{name}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_postgres_database() -> Iterator[str]:
    with new_database() as address:
        yield address


@pytest.fixture(scope="session")
def postgres_template(tmp_path_factory) -> Iterator[str]:
    """The name of a migrated database, since to copy one takes a tenth of the time that migrating takes."""
    with new_database() as address:
        site = Site(tmp_path_factory.mktemp("template"), DATABASE_URL=address)
        site.manage("migrate", "--verbosity", "0")
        yield address.rpartition("/")[2]


@pytest.fixture
def postgres_database(postgres_template) -> Iterator[str]:
    """The address of a migrated database of its own."""
    with new_database(f"TEMPLATE {postgres_template}") as address:
        yield address
