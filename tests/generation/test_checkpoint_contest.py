"""A checkpoint that is changed while a run is being made with it: the run keeps what the checkpoint is."""

import json

import pytest

from generation.models import Checkpoint
from tests.site import Site

COMPETE = "from tests.generation.checkpoint_contest import compete; compete()"


def contest(site: Site) -> None:
    site.migrate()
    run_first, change_first = json.loads(site.manage("shell", "--verbosity", "0", "--command", COMPETE))
    assert run_first == ["owner/old", "owner/old", Checkpoint.IN_USE]
    assert change_first == ["owner/new", "owner/new", ""]


@pytest.mark.services  # for its time
def test_run_and_checkpoint_agree_on_sqlite(tmp_path):
    contest(Site(tmp_path))


@pytest.mark.services
def test_run_and_checkpoint_agree_on_postgresql(tmp_path, postgres_database):
    contest(Site(tmp_path, DATABASE_URL=postgres_database))
