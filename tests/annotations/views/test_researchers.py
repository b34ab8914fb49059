import pytest
from django.test import Client

from annotations.services.closings import pause_study
from daamweb.projects.models import Role
from daamweb.projects.services.memberships import add_member
from tests.factories import (
    answer_next,
    make_annotator,
    make_member,
    make_open_study,
    make_project,
    make_prompt_set,
    make_run,
    make_study,
)

pytestmark = pytest.mark.django_db


def test_researchers_see_every_study_with_its_state_progress_and_links(researcher_client):
    draft, study = make_study(), make_open_study()
    answer_next(study, make_annotator(), {"choice": 3})
    pause_study(study=study)
    page = researcher_client.get("/").content.decode()
    assert '<span class="badge draft">draft</span>' in page
    assert '<span class="badge paused">paused</span>' in page
    assert "1 of 9 answers" in page
    for address in (
        f"/evaluation/studies/{study.pk}/report/",
        study.get_absolute_url(),
        f"/admin/annotations/study/{study.pk}/change/",
        f"/admin/annotations/study/{draft.pk}/change/",
    ):
        assert f'href="{address}"' in page
    assert draft.slug not in page


def test_without_studies_staff_are_told_how_to_begin(researcher_client):
    assert "There is no study yet" in researcher_client.get("/").content.decode()


def test_others_are_told_that_they_need_a_link(client, member_client):
    study = make_open_study()
    for browser in (client, member_client(None)):
        page = browser.get("/").text
        assert "open the link that you were given" in page
        assert 'href="/admin/login/?next=/"' in page
        assert study.name not in page
        assert study.slug not in page


@pytest.mark.parametrize("role", Role)
def test_members_see_the_studies_of_their_project(member_client, role):
    study = make_open_study()
    elsewhere = make_open_study(run=make_run(make_prompt_set(project=make_project())))
    page = member_client(role).get("/").text
    assert study.name in page
    assert elsewhere.name not in page
    assert ("Build a study" in page) == (role != Role.OBSERVER)


def test_who_is_in_one_project_reads_nothing_of_projects(member_client):
    study = make_open_study()
    other = make_open_study(run=make_run(make_prompt_set(project=make_project("Other people’s"))))
    page = member_client(Role.RESEARCHER).get("/").text
    assert "Who works here" in page
    assert study.project.name not in page
    user = make_member()
    add_member(project=other.project, user=user, role=Role.OBSERVER, by=None)
    client = Client()
    client.force_login(user)
    page = client.get("/").text
    assert "Who works here" not in page
    assert study.project.name in page
    assert "Other people’s" in page


def test_the_first_page_changes_nothing(researcher_client, pokes, django_assert_num_queries):
    for _ in range(3):
        make_open_study()
    with django_assert_num_queries(4):  # the session, the user, the studies, whether projects are several
        researcher_client.get("/")
    assert researcher_client.post("/").status_code == 405
    assert pokes == []
