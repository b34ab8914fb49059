"""Which version and which commit the code says it is."""

import importlib
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import daamweb
from daamweb.version import code_version

TOP = Path(__file__).resolve().parent.parent
COMMIT, OTHER = "a" * 40, "b" * 40
GIT = shutil.which("git")


@pytest.fixture(autouse=True)
def no_commit_in_the_environment(monkeypatch):
    monkeypatch.delenv("DAAMWEB_COMMIT", raising=False)


def checkout(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n", encoding="utf-8")
    return folder


def git(folder: Path, *arguments: str) -> str:
    """Run git there, whoever owns the folder, and whatever repository and settings the environment names."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    settings = {
        "safe.directory": "*",
        "user.name": "A",
        "user.email": "a@example.org",
        "tag.gpgSign": "false",
    }
    options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
    done = subprocess.run(
        [GIT, *options, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def wrong_tags(folder: Path, version: str) -> set[str]:
    """Tags of the commit that is checked out which name another version; none where there is no checkout."""
    if not (folder / ".git").exists():
        return set()
    return set(git(folder, "tag", "--points-at", "HEAD", "--list", "v[0-9]*").split()) - {f"v{version}"}


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def commit(folder: Path) -> None:
    git(folder, "commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--no-verify", "--message", "A change")


def test_pyproject_has_the_version_of_the_package_and_none_of_its_own():
    pyproject = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in pyproject["project"]
    assert pyproject["project"]["dynamic"] == ["version"]
    module, _, name = pyproject["tool"]["setuptools"]["dynamic"]["version"]["attr"].rpartition(".")
    assert getattr(importlib.import_module(module), name) == daamweb.__version__
    assert daamweb.CODE_VERSION.startswith(daamweb.__version__)


def test_a_tagged_checkout_has_the_version_of_its_tag():
    assert wrong_tags(TOP, daamweb.__version__) == set()


@pytest.mark.parametrize(
    "annotation", [(), ("--annotate", "--message", "A release")], ids=["plain", "annotated"]
)
def test_a_tag_of_another_version_is_found(repository, annotation):
    git(repository, "tag", *annotation, "v1.2.0")
    assert wrong_tags(repository, "1.2.0") == set()
    assert wrong_tags(repository, "1.3.0") == {"v1.2.0"}


def test_a_second_tag_of_another_version_is_found(repository):
    git(repository, "tag", "v1.2.0")
    git(repository, "tag", "v1.2.1")
    assert wrong_tags(repository, "1.2.1") == {"v1.2.0"}


def test_tags_of_other_commits_and_of_other_things_say_nothing(repository):
    git(repository, "tag", "v1.2.0")
    commit(repository)
    git(repository, "tag", "paper")
    git(repository, "tag", "vienna")
    assert wrong_tags(repository, "1.3.0") == set()


def test_without_a_checkout_there_are_no_tags_even_inside_of_another_repository(repository):
    git(repository, "tag", "v1.2.0")
    unpacked = repository / "unpacked"
    unpacked.mkdir()
    assert wrong_tags(unpacked, "1.3.0") == set()


@pytest.mark.parametrize(
    "files",
    [
        {
            "HEAD": "ref: refs/heads/main",
            "refs/heads/main": COMMIT,
            "packed-refs": f"{OTHER} refs/heads/main",
        },
        {
            "HEAD": "ref: refs/heads/a/b",
            "packed-refs": f"# peeled\n{OTHER} refs/heads/a\n{COMMIT} refs/heads/a/b\n^{OTHER}",
        },
        {"HEAD": COMMIT},
    ],
    ids=["branch", "packed branch", "detached"],
)
def test_the_commit_is_what_is_checked_out(tmp_path, files):
    assert code_version("1.2", checkout(tmp_path, files)) == f"1.2, commit {COMMIT}"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"HEAD": "ref: refs/heads/main"},
        {"HEAD": "ref: refs/heads/main", "packed-refs": f"{OTHER} refs/heads/other"},
    ],
    ids=["no checkout", "no commit yet", "only other branches"],
)
def test_where_no_commit_is_known_the_version_stands_alone(tmp_path, files):
    assert code_version("1.2", checkout(tmp_path, files)) == "1.2"


def test_a_worktree_whose_git_folder_is_elsewhere_names_no_commit(tmp_path):
    (tmp_path / ".git").write_text("gitdir: /elsewhere", encoding="utf-8")
    assert code_version("1.2", tmp_path / ".git") == "1.2"


def test_the_environment_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("DAAMWEB_COMMIT", COMMIT)
    assert code_version("1.2", checkout(tmp_path, {"HEAD": OTHER})) == f"1.2, commit {COMMIT}"
