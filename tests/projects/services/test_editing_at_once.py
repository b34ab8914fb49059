"""Of two who save one form at the same moment, one is stored and the other is told."""

import json

import pytest

from tests.projects.services.rivals import ROUNDS
from tests.site import Site


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def site(request, tmp_path) -> Site:
    options = {"HTTPS_ONLY": "False"}
    if request.param == "postgresql":
        options["DATABASE_URL"] = request.getfixturevalue("postgres_database")
    site = Site(tmp_path, **options)
    site.migrate()
    return site


def printed_by(site: Site, call: str) -> list:
    program = f"from tests.projects.services import rivals; rivals.{call}"
    return json.loads(site.manage("shell", "--verbosity", "0", "--command", program).splitlines()[-1])


def test_services_refuse_the_slower_one(site):
    assert printed_by(site, "services()") == ROUNDS * [["stored", True, True]]


def test_pages_tell_the_slower_one(site):
    assert printed_by(site, "pages()") == 2 * ROUNDS * [[[302, 409], True, 1]]
