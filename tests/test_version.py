import tomllib
from pathlib import Path

import pytest

import daamweb
from daamweb.version import code_version

TOP = Path(__file__).resolve().parent.parent
COMMIT, OTHER = "a" * 40, "b" * 40


@pytest.fixture(autouse=True)
def no_commit_in_the_environment(monkeypatch):
    monkeypatch.delenv("DAAMWEB_COMMIT", raising=False)


def checkout(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n", encoding="utf-8")
    return folder


def test_the_package_has_the_version_that_the_code_gives():
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == daamweb.__version__
    assert daamweb.CODE_VERSION.startswith(daamweb.__version__)


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
