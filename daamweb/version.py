"""Which code runs: the version and, where it is known, the commit."""

import os
from pathlib import Path

GIT_FOLDER = Path(__file__).resolve().parent.parent / ".git"


def code_version(version: str, git_folder: Path = GIT_FOLDER) -> str:
    """Such as "0.1.0, commit 5070343…"; the version alone where the commit is not known.

    The commit is DAAMWEB_COMMIT of the environment (for images without a .git folder), else what is checked
    out.
    """
    commit = os.environ.get("DAAMWEB_COMMIT", "").strip() or _checked_out(git_folder)
    return f"{version}, commit {commit}" if commit else version


def _checked_out(git_folder: Path) -> str:
    """The commit of a .git folder, read without git, which a server may not have; empty if it says none."""
    try:
        head = (git_folder / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        branch = head.removeprefix("ref: ")
        if (git_folder / branch).is_file():
            return (git_folder / branch).read_text(encoding="utf-8").strip()
        packed = (git_folder / "packed-refs").read_text(encoding="utf-8")
    except OSError:
        return ""
    commits = {name: commit for commit, _, name in (line.partition(" ") for line in packed.splitlines())}
    return commits.get(branch, "")
