"""Links that a higher app offers for the pages of a lower app's objects."""

import pytest

from annotations.models import Study
from daamweb.links import Link, links_for, offer
from daamweb.projects.models import Role
from generation.models import GenerationRun
from tests.factories import make_open_study, make_run, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def nothing_offered(monkeypatch):
    monkeypatch.setattr("daamweb.links._offered", {})


def pages_of(study: Study) -> list[str]:
    """A study's own page, and the two that list it."""
    return [f"/admin/annotations/study/{study.pk}/change/", "/admin/annotations/study/", "/"]


def pages_of_run(run: GenerationRun) -> list[str]:
    return [f"/admin/generation/generationrun/{run.pk}/change/", f"/generation/runs/{run.pk}/"]


def anchor(study: Study, label: str) -> str:
    return f'<a href="/of/{study.pk}/">{label}</a>'


def link(label: str, **fields) -> Link:
    return Link(label, lambda row: f"/of/{row.pk}/", **fields)


def test_what_is_offered_for_studies_stands_on_their_pages_and_what_is_for_lists_in_lists(
    nothing_offered, researcher_client
):
    study = make_open_study()
    offer(Study, link("Everywhere", in_lists=True), link("On its page"))
    shown = [researcher_client.get(page).text for page in pages_of(study)]
    assert [anchor(study, "Everywhere") in page for page in shown] == [True, True, True]
    assert [anchor(study, "On its page") in page for page in shown] == [True, False, False]


def test_what_is_offered_twice_is_shown_once(nothing_offered, researcher_client):
    study, offered = make_open_study(), link("Everywhere", in_lists=True)
    for _ in range(2):
        offer(Study, offered)
    for page in pages_of(study):
        assert researcher_client.get(page).text.count(anchor(study, "Everywhere")) == 1


def test_where_nothing_is_offered_no_link_is_shown(nothing_offered, researcher_client):
    study = make_open_study()
    for page in (*pages_of(study), *pages_of_run(study.run)):
        assert "/evaluation/studies/" not in researcher_client.get(page).text


def test_what_is_offered_for_runs_stands_on_their_pages_and_on_no_studys(nothing_offered, researcher_client):
    study = make_open_study()
    offer(GenerationRun, Link("All of its studies", lambda run: f"/of/{run.name}/", in_lists=True))
    for page in pages_of_run(study.run):
        assert f'href="/of/{study.run.name}/">All of its studies</a>' in researcher_client.get(page).text
    for page in pages_of(study):
        assert "All of its studies" not in researcher_client.get(page).text


def test_a_name_of_an_address_is_given_the_key_of_the_object(nothing_offered, researcher_client):
    run = make_run()
    offer(GenerationRun, Link("Its images", "generation:run"))
    page = researcher_client.get(pages_of_run(run)[0]).text
    assert f'<a href="/generation/runs/{run.pk}/">Its images</a>' in page


def test_only_the_objects_that_a_link_is_for_have_it(nothing_offered, researcher_client):
    draft, study = make_study(), make_open_study()
    offer(Study, link("Plan", is_for=lambda study: study.plan_id is not None, in_lists=True))
    for page in pages_of(study):
        assert anchor(study, "Plan") in researcher_client.get(page).text
    for page in pages_of(draft):
        assert anchor(draft, "Plan") not in researcher_client.get(page).text


def test_a_link_is_shown_to_those_whose_role_may_do_what_it_leads_to(nothing_offered, member_client):
    study = make_open_study()
    verbs = {"view": set(Role), "export": {Role.RESEARCHER, Role.OWNER}, "manage": {Role.OWNER}}
    offer(Study, *(link(verb, verb=verb) for verb in verbs))
    for role in Role:
        page = member_client(role).get(pages_of(study)[0]).text
        assert {verb for verb in verbs if anchor(study, verb) in page} == {
            verb for verb, roles in verbs.items() if role in roles
        }


def test_links_stand_in_the_order_in_which_they_were_offered(nothing_offered):
    first, second, third = link("One"), link("Two", in_lists=True), link("Three", in_lists=True)
    offer(Study, first, second)
    offer(Study, third)
    assert links_for(Study) == [first, second, third]
    assert links_for(Study, in_lists=True) == [second, third]


def test_a_study_has_links_to_its_report_and_its_responses():
    offered = {link.label: link.in_lists for link in links_for(Study)}
    assert (offered["Report"], offered["Responses (CSV)"]) == (True, False)
