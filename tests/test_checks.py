"""`python manage.py check --deploy`, and what the site itself checks."""

import subprocess
import sys

import pytest

from daamweb.checks import check_files
from tests.site import TOP


def test_django_has_nothing_to_say_against_the_settings_as_they_are(tmp_path):
    """With a folder that is not there yet and a long secret key; everything else is left at its default."""
    environment = {
        "SECRET_KEY": "".join(f"{number:02}" for number in range(50)),
        "VAR_FOLDER": str(tmp_path / "var"),
        "HTTPS_ONLY": "True",  # whatever a developer's .env says
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "INFO"],
        cwd=TOP, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("System check identified no issues (0 silenced).\n", "")
    assert done.returncode == 0


@pytest.fixture
def site_files(settings, tmp_path):
    """The site's folders and its database, closed to others."""
    settings.BASE_DIR = tmp_path / "top"
    settings.VAR_FOLDER = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.DATABASES = {
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "rows.sqlite3"}
    }
    for folder in (settings.BASE_DIR, settings.VAR_FOLDER, settings.MEDIA_ROOT):
        folder.mkdir(mode=0o700)
    for file in (settings.BASE_DIR / ".env", tmp_path / "rows.sqlite3"):
        file.touch(mode=0o600)
    return tmp_path


def test_files_that_are_their_owners_alone_are_in_order(site_files):
    assert check_files() == []


@pytest.mark.parametrize("name", ["var", "media", "rows.sqlite3", "top/.env"])
@pytest.mark.parametrize("right", [0o040, 0o004, 0o001])
def test_what_others_may_get_at_is_named_with_what_to_do(site_files, name, right):
    path = site_files / name
    path.chmod(path.stat().st_mode | right)
    [warning] = check_files()
    assert warning.id == "daamweb.W001"
    assert f"may get at {path}," in warning.msg
    assert f"chmod -R go= '{path}'" in warning.hint


def test_what_is_behind_a_closed_door_is_not_asked(site_files, settings):
    settings.MEDIA_ROOT = settings.VAR_FOLDER / "media"
    settings.MEDIA_ROOT.mkdir(mode=0o755)
    settings.MEDIA_ROOT.chmod(0o755)
    assert check_files() == []


def test_what_is_not_there_or_no_file_is_not_asked(site_files, settings):
    settings.MEDIA_ROOT.rmdir()
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "rows"}}
    (site_files / "rows.sqlite3").chmod(0o644)
    assert check_files() == []
