"""A draft may be deleted; what was opened is kept."""

import pytest

from annotations.admin import StudyAdmin
from annotations.models import Opening, Response, Study, Task
from annotations.services.openings import open_study
from annotations.services.openings import run_opening as carry_out
from daamweb.projects.models import Role
from tests.annotations.admin.pages import (
    STUDIES,
    State,
    change_page,
    damage_an_image,
    delete_page,
    study_in,
    text_of,
)
from tests.factories import (
    answer_next,
    make_annotator,
    make_open_study,
    make_project,
    make_prompt_set,
    make_run,
    make_study,
)

pytestmark = pytest.mark.django_db

CONFIRMED = {"post": "yes"}


def test_a_draft_can_be_deleted_with_its_tasks(researcher_client):
    study, other = make_study(), make_study()
    page = text_of(researcher_client.get(delete_page(study)))
    assert f"{study.name} and its 3 tasks" in page
    researcher_client.post(delete_page(study), CONFIRMED)
    assert Study.objects.get() == other
    assert Task.objects.count() == 3


def test_what_is_deleted_is_counted_and_not_listed(researcher_client, django_assert_max_num_queries):
    study = make_study(run=make_run(seeds=range(20)))
    with django_assert_max_num_queries(10):
        page = text_of(researcher_client.get(delete_page(study)))
    assert f"{study.name} and its 60 tasks" in page
    assert "task 1" not in page.lower()
    with django_assert_max_num_queries(36):
        researcher_client.post(delete_page(study), CONFIRMED)
    assert not Task.objects.exists()


def test_a_draft_whose_opening_failed_can_be_deleted(researcher_client):
    study = make_study()
    damage_an_image(study)
    opening = Opening.objects.create(study=study)
    Study.objects.filter(pk=study.pk).update(state=State.OPENING)
    assert carry_out(opening=opening) is False
    researcher_client.post(delete_page(study), CONFIRMED)
    assert not Study.objects.exists()
    assert not Opening.objects.exists()


@pytest.mark.parametrize("state", [State.OPENING, State.OPEN, State.PAUSED, State.CLOSING, State.CLOSED])
def test_a_study_that_is_no_draft_cannot_be_deleted(researcher_client, state):
    study = study_in(state)
    assert delete_page(study) not in researcher_client.get(change_page(study)).content.decode()
    assert researcher_client.get(delete_page(study)).status_code == 403
    assert researcher_client.post(delete_page(study), CONFIRMED).status_code == 403
    assert Study.objects.get() == study


def test_a_study_with_answers_cannot_be_deleted(researcher_client):
    study = make_open_study()
    answer_next(study, make_annotator(), {"choice": 3})
    assert researcher_client.post(delete_page(study), CONFIRMED).status_code == 403
    assert Study.objects.get() == study
    assert Response.objects.count() == 1


def test_a_study_that_is_opened_at_the_same_moment_is_kept(researcher_client, monkeypatch):
    study = make_study()
    original = StudyAdmin.delete_model

    def delete_late(model_admin, request, loaded):
        open_study(study=Study.objects.get(pk=loaded.pk))
        original(model_admin, request, loaded)

    monkeypatch.setattr(StudyAdmin, "delete_model", delete_late)
    answer = researcher_client.post(delete_page(study), CONFIRMED, follow=True)
    assert answer.redirect_chain == [(STUDIES, 302)]
    assert f"'{study.name}' is open; only a draft can be deleted." in text_of(answer)
    assert Study.objects.get() == study
    assert Task.objects.count() == 3


def test_several_are_not_deleted_together(researcher_client):
    studies = [make_study(), make_open_study()]
    assert "delete_selected" not in text_of(researcher_client.get(STUDIES))
    data = {"action": "delete_selected", "_selected_action": [study.pk for study in studies], **CONFIRMED}
    researcher_client.post(STUDIES, data)
    assert Study.objects.count() == 2


def test_observers_delete_no_study(member_client):
    study = make_study()
    assert member_client(Role.OBSERVER).post(delete_page(study), CONFIRMED).status_code == 403
    assert Study.objects.get() == study


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.OWNER])
def test_researchers_and_owners_delete_their_projects_drafts_and_no_others(member_client, role):
    study, elsewhere = make_study(), make_study(run=make_run(make_prompt_set(project=make_project())))
    client = member_client(role)
    for each in (study, elsewhere):
        client.post(delete_page(each), CONFIRMED)
    assert Study.objects.get() == elsewhere
