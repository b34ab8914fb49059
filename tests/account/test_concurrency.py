"""A code works once, also when it is sent many times at the same moment."""

import json

import pytest

from tests.site import Site

PROGRAM = "from tests.account import many; many.run()"


def let_in(site: Site) -> list[int]:
    site.migrate()
    return json.loads(site.manage("shell", "--verbosity", "0", "--command", PROGRAM))


def test_a_code_that_is_sent_many_times_at_once_works_once_on_sqlite(tmp_path):
    assert let_in(Site(tmp_path)) == [1] * 8


@pytest.mark.services
def test_a_code_that_is_sent_many_times_at_once_works_once_on_postgresql(tmp_path, postgres_database):
    assert let_in(Site(tmp_path, DATABASE_URL=postgres_database)) == [1] * 8
