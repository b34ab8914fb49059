"""No page of the admin counts all rows of a table that grows, or goes through all to reach the last ones."""

import pytest
from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connection
from django.test.utils import CaptureQueriesContext

from daamweb import admin_lists
from daamweb.admin_lists import BoundedPaginator
from daamweb.projects.admin_base import MembersAdmin
from generation.models import Prompt
from tests.factories import make_prompt_set

pytestmark = pytest.mark.django_db
LIST = "/admin/generation/prompt/"


@pytest.fixture
def prompts(monkeypatch) -> list[Prompt]:
    monkeypatch.setattr(admin_lists, "MOST_LISTED", 3)
    monkeypatch.setattr(admin.site._registry[Prompt], "list_per_page", 2)
    return list(make_prompt_set([(f"prompt {number}", []) for number in range(5)]).prompts.all())


def test_every_list_is_bounded():
    listed = [each for each in admin.site._registry.values() if isinstance(each, MembersAdmin)]
    assert listed
    assert {each.paginator for each in listed} == {BoundedPaginator}
    assert {each.show_full_result_count for each in listed} == {False}


@pytest.mark.usefixtures("prompts")
def test_a_long_list_ends_early_and_says_so(researcher_client):
    page = " ".join(researcher_client.get(LIST).text.split())
    assert "the first 3 prompts" in page
    assert "There may be more: filter the list, or search." in page
    assert "?p=2" in page
    assert "?p=3" not in page


@pytest.mark.usefixtures("prompts")
def test_nothing_is_counted_to_the_end(researcher_client):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        researcher_client.get(LIST)
    counted = [query["sql"] for query in captured.captured_queries if "COUNT(" in query["sql"]]
    assert len(counted) == 1
    assert "LIMIT 3" in counted[0]


@pytest.mark.usefixtures("prompts")
def test_what_is_further_down_is_found(researcher_client):
    page = " ".join(researcher_client.get(f"{LIST}?q=prompt+4").text.split())
    assert "1 prompt" in page
    assert "There may be more" not in page


def test_a_short_list_is_what_it_was():
    make_prompt_set([(f"prompt {number}", []) for number in range(3)])
    rows = Prompt.objects.order_by("pk")
    short, whole = BoundedPaginator(rows, 2), Paginator(rows, 2)
    assert (short.count, short.num_pages, short.is_bounded) == (whole.count, whole.num_pages, False)
    assert list(short.page(2)) == list(whole.page(2))
