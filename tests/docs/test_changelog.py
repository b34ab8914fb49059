"""CHANGELOG.md and docs/upgrading.md go with the version of the code."""

import itertools
import re

import daamweb
from tests.docs.pages import TOP, read

CHANGELOG = read(TOP / "CHANGELOG.md")
UPGRADING = read(TOP / "docs" / "upgrading.md")
SECTIONS = re.findall(r"^## \[(.+?)\](.*)$", CHANGELOG, re.MULTILINE)
RELEASED = [name for name, _ in SECTIONS if name != "Unreleased"]


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def test_versions_stand_newest_first_with_their_dates():
    assert [numbers(name) for name in RELEASED] == sorted(map(numbers, RELEASED), reverse=True)
    for name, date in SECTIONS:
        assert re.fullmatch(r" - \d{4}-\d\d-\d\d", date) if name in RELEASED else date == ""


def test_what_is_made_is_unreleased_or_the_newest_version():
    if SECTIONS[0][0] == "Unreleased":
        assert numbers(daamweb.__version__) > numbers(RELEASED[0])
        assert f"Becomes {daamweb.__version__}." in CHANGELOG
    else:
        assert RELEASED[0] == daamweb.__version__


def test_every_step_from_version_to_version_says_what_a_site_has_to_do():
    versions = list(dict.fromkeys(each.rpartition(".")[0] for each in (daamweb.__version__, *RELEASED)))
    steps = [f"From {old} to {new}" for new, old in itertools.pairwise(versions)]
    assert re.findall(r"^## (.+)$", UPGRADING, re.MULTILINE) == steps
