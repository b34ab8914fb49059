"""Many people are interrupted by a real worker, on both databases, also where the first one was killed."""

import pytest

from tests.site import Site, kill_group

PEOPLE = 4_000
BUILD = f"""
from benchmarks.large_runs import make_large_run
from benchmarks.large_studies import add_people, make_large_draft, open_large_study
draft = make_large_draft(make_large_run(3), name="large", tasks=10, replicas=3)
add_people(open_large_study(draft), {PEOPLE})
"""
ASK = """
from annotations import jobs
from annotations.models import Study
jobs.{act}(study=Study.objects.get(), by=None)
"""
SWEEP = "from annotations.jobs import sweep_studies; sweep_studies()"


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request, tmp_path) -> Site:
    if request.param == "sqlite":
        site = Site(tmp_path)
    else:
        site = Site(tmp_path, DATABASE_URL=request.getfixturevalue("postgres_database"))
    site.migrate()
    run(site, BUILD)
    return site


def run(site: Site, code: str) -> None:
    site.manage("shell", "--verbosity", "0", "--command", code)


def interrupted(site: Site) -> int:
    sql = "SELECT count(*) FROM annotations_participation WHERE interrupted_at IS NOT NULL"
    return site.rows(sql)[0][0]


def state(site: Site) -> str:
    return site.rows("SELECT state FROM annotations_study")[0][0]


@pytest.mark.services
@pytest.mark.parametrize(
    ("act", "meanwhile", "end"),
    [("start_stopping", "paused", "paused"), ("start_closing", "closing", "closed")],
)
def test_a_worker_goes_on_where_the_request_left_off(site, act, meanwhile, end):
    run(site, ASK.format(act=act))
    assert (state(site), interrupted(site)) == (meanwhile, 1_000)
    with site.worker():
        site.wait_for(lambda: (state(site), interrupted(site)) == (end, PEOPLE), seconds=60)


@pytest.mark.services
def test_the_sweep_goes_on_where_a_worker_was_killed(site):
    with site.worker() as worker:
        run(site, ASK.format(act="start_closing"))
        site.wait_for(lambda: interrupted(site) > 1_000, seconds=60)
        kill_group(worker)
    run(site, SWEEP)
    assert (state(site), interrupted(site)) == ("closed", PEOPLE)
    site.manage("check_study", "large")
