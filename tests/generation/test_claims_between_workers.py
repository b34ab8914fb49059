"""Two workers in two processes write down one run and share it: no image comes twice, none is left over."""

import json
import subprocess
import sys

import pytest

from tests.site import TOP, Site

# More than Django reads from a cursor at once: a worker that writes while it still reads would be found out.
IMAGES = 2100


def contest(site: Site) -> None:
    site.migrate()
    site.manage("shell", "--command", f"from tests.generation.contest import set_up; set_up({IMAGES})")
    workers = [
        subprocess.Popen(
            [
                sys.executable, "manage.py", "shell", "--verbosity", "0", "--command",
                "from tests.generation.contest import claim_everything; "
                f"claim_everything({str(site.folder)!r}, {name!r})",
            ],
            cwd=TOP,
            env=site.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]  # fmt: skip
    claimed: list[list[int]] = []
    for worker in workers:
        out, err = worker.communicate(timeout=240)
        assert worker.returncode == 0, err
        batches = json.loads(out)
        assert len(batches) > 10  # it was a contest
        claimed.append([generation for batch in batches for generation in batch])
    assert len(claimed[0]) + len(claimed[1]) == len({*claimed[0], *claimed[1]}) == IMAGES
    assert site.rows("SELECT DISTINCT state, attempts FROM generation_generation") == [("running", 1)]


@pytest.mark.services  # for its time
def test_two_workers_never_claim_the_same_image_on_sqlite(tmp_path):
    contest(Site(tmp_path))


@pytest.mark.services
def test_two_workers_never_claim_the_same_image_on_postgresql(tmp_path, postgres_database):
    contest(Site(tmp_path, DATABASE_URL=postgres_database))
