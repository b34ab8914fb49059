import pytest
from django.contrib.auth.models import Permission

from annotations.services.closings import pause_study
from tests.factories import answer_next, make_annotator, make_open_study, make_study

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


def test_others_are_told_that_they_need_a_link(client, django_user_model):
    study = make_open_study()
    visitor = django_user_model.objects.create_user(username="visitor")
    visitor.user_permissions.add(Permission.objects.get(codename="view_study"))
    staff = django_user_model.objects.create_user(username="staff", is_staff=True)
    for user in (None, visitor, staff):
        if user:
            client.force_login(user)
        page = client.get("/").content.decode()
        assert "open the link that you were given" in page
        assert 'href="/admin/login/?next=/"' in page
        assert study.name not in page
        assert study.slug not in page


def test_staff_who_may_look_at_studies_see_them(client, django_user_model):
    study = make_open_study()
    staff = django_user_model.objects.create_user(username="staff", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_study"))
    client.force_login(staff)
    assert study.name in client.get("/").content.decode()


def test_the_first_page_changes_nothing(researcher_client, pokes, django_assert_num_queries):
    for _ in range(3):
        make_open_study()
    with django_assert_num_queries(3):  # the session, the user, the studies
        researcher_client.get("/")
    assert researcher_client.post("/").status_code == 405
    assert pokes == []
