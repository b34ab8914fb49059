"""Of two who want the same thing at once, one gets it; on both databases."""

import json

import pytest

from tests.projects.contest import ROUNDS
from tests.site import Site

pytestmark = pytest.mark.services  # for their time, too


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request, tmp_path) -> Site:
    address = {}
    if request.param == "postgresql":
        address["DATABASE_URL"] = request.getfixturevalue("postgres_database")
    site = Site(tmp_path, **address)
    site.migrate()
    return site


def printed_by(site: Site, call: str) -> list:
    program = f"from tests.projects import contest; contest.{call}"
    return json.loads(site.manage("shell", "--verbosity", "0", "--command", program))


def test_of_two_owners_who_go_at_once_one_stays(site):
    for (gone, refused), owners in printed_by(site, "leave()"):
        assert owners == 1
        assert gone == "done"
        assert "is the only owner of" in refused


def test_of_two_who_follow_one_link_one_gets_in(site):
    assert printed_by(site, "accept()") == ROUNDS * [
        [["This invitation was used already, or taken back, or its time is over.", "done"], 1, 1]
    ]


def test_of_two_who_begin_on_a_new_site_one_makes_its_project(site):
    assert printed_by(site, "begin()") == [["done", "done"], ["Main"]]
