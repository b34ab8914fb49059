import pytest
from django.urls import set_script_prefix

from annotations.models import Assignment, Study
from annotations.views.addresses import task_addresses, turn_address
from tests.annotations.views.visits import address


@pytest.fixture
def study() -> Study:
    return Study(slug="a-0_9")


@pytest.fixture
def below():
    """The site is at an address below another one, as long as the test takes."""
    yield set_script_prefix
    set_script_prefix("/")


@pytest.mark.parametrize("turn", [1, 0, 9_000_000_000])
@pytest.mark.parametrize("prefix", ["/", "/0/", "/of/a/lab/"])
def test_addresses_are_those_of_the_urls(study, below, prefix, turn):
    below(prefix)
    found = task_addresses(study.slug, turn)
    of_turn = {"assignment", "extend", "report_task", "decline"}
    assert found == {name: address(name, study, *([turn] if name in of_turn else [])) for name in found}
    assert of_turn < set(found)
    assert turn_address(study, Assignment(pk=turn)) == found["assignment"]
    assert found["assignment"].startswith(f"{prefix}s/a-0_9/")
