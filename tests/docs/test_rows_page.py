"""The page that says how a plan's hash is made: its code runs on a plan that the site wrote."""

import re
from pathlib import Path

import pytest

from annotations.models import Study, Task
from annotations.services.plans import write_plan
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db
PAGE = Path(__file__).parents[2] / "docs" / "rows.md"


@pytest.fixture
def verify(tmp_path, monkeypatch):
    """Run the page's code beside a study's plan.json."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    def run(study: Study) -> dict:
        with (tmp_path / "plan.json").open("wb") as file:
            write_plan(study, file)
        monkeypatch.chdir(tmp_path)
        names: dict = {}
        exec(compile(code, str(PAGE), "exec"), names)
        return names

    return run


def test_the_pages_code_finds_a_plan_as_the_site_hashed_it(verify):
    study = make_open_study()
    assert verify(study)["plan"]["sha256"] == study.plan.sha256


@pytest.mark.breaks_rows
def test_the_pages_code_finds_what_was_changed(verify):
    study = make_open_study()
    Task.objects.filter(study=study, position=1).update(payload={"word": "cat"})
    with pytest.raises(AssertionError):
        verify(study)
