import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.urls import reverse

from annotations.admin import StudyAdmin
from annotations.models import Annotator, Assignment, Response, Study
from annotations.services.assignments import claim_assignment
from annotations.services.studies import close_study, open_study, pause_study
from generation.daam import GlobalHeatMap
from tests.factories import (
    answer_next,
    make_annotator,
    make_cohyponym_prompt_set,
    make_generation,
    make_open_study,
    make_participation,
    make_run,
    make_study,
)

pytestmark = pytest.mark.django_db

BUILD = "/admin/annotations/study/build/"


@pytest.fixture
def staff(client, django_user_model) -> User:
    """Logged in, may enter the admin, and nothing more."""
    user = django_user_model.objects.create_user(username="staff", password="password", is_staff=True)
    client.force_login(user)
    return user


def allow(user: User, *codenames: str) -> None:
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))


def change_page(study: Study) -> str:
    return reverse("admin:annotations_study_change", args=[study.pk])


def button(study: Study, change: str) -> str:
    return f"/admin/annotations/study/{study.pk}/state/{change}/"


def design(_run, **changes) -> dict:
    """What the build form sends."""
    return {
        "kind": "attribution", "name": "likert", "run": _run.pk, "title": "", "replicas": "3",
        "share_cap": "", "lease_minutes": "30", "parts_of_speech": "", "words_per_image": "",
        "objects": "", "seed": "0",
        **changes,
    }  # fmt: skip


def errors_of(answer) -> dict:
    return answer.context["form"].errors


# --- building ---------------------------------------------------------------------------------------------


def test_an_attribution_study_is_built_with_its_options(researcher_client):
    run = make_run()
    answer = researcher_client.post(
        BUILD,
        design(
            run, title="What is red?", replicas="4", share_cap="0.5", lease_minutes="9", seed="3",
            parts_of_speech="noun, ADJ", words_per_image="1", exclude_failed_checks="on",
        ),
    )  # fmt: skip
    study = Study.objects.get()
    assert answer.headers["Location"] == change_page(study)
    assert (study.kind, study.name, study.run, study.title) == ("attribution", "likert", run, "What is red?")
    assert (study.replicas, study.share_cap, study.lease_minutes) == (4, 0.5, 9)
    assert study.options == {
        "parts_of_speech": ["ADJ", "NOUN"], "words_per_image": 1, "exclude_failed_checks": True,
    }  # fmt: skip
    assert study.tasks.count() == 1


def test_a_study_of_object_presence_is_built_with_its_objects(researcher_client):
    run = make_run(make_cohyponym_prompt_set())
    researcher_client.post(BUILD, design(run, kind="object_presence", objects="dog, cat, bus"))
    study = Study.objects.get()
    assert study.kind == "object_presence"
    assert study.options == {"objects": ["bus", "cat", "dog"]}


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"objects": "dog"}, "objects", "belongs to object presence studies"),
        ({"kind": "object_presence", "parts_of_speech": "NOUN"}, "parts_of_speech", "belongs to attribution"),
        ({"kind": "object_presence", "words_per_image": "2"}, "words_per_image", "belongs to attribution"),
        (
            {"kind": "object_presence", "exclude_failed_checks": "on"},
            "exclude_failed_checks",
            "belongs to attribution",
        ),
        ({"kind": "riddle"}, "kind", "not one of the available choices"),
        ({"name": ""}, "name", "required"),
        ({"run": "999"}, "run", "not one of the available choices"),
        ({"replicas": "0"}, "replicas", "greater than or equal to 1"),
        ({"share_cap": "1.2"}, "share_cap", "less than or equal to 1"),
        ({"share_cap": "nan"}, "share_cap", "Enter a number"),
        ({"seed": "-1"}, "seed", "greater than or equal to 0"),
    ],
)
def test_a_mistake_is_shown_at_its_field_and_nothing_is_made(researcher_client, changes, field, message):
    answer = researcher_client.post(BUILD, design(make_run(), **changes))
    assert answer.status_code == 200
    assert list(errors_of(answer)) == [field]
    assert message in errors_of(answer)[field][0]
    assert message in answer.content.decode()
    assert not Study.objects.exists()


def test_what_the_service_refuses_is_shown_with_everything_typed_still_there(researcher_client):
    run = make_run(finished=False)
    answer = researcher_client.post(BUILD, design(run, title="Typed with care"))
    assert "1 of 1 images" in errors_of(answer)["__all__"][0]
    assert "Typed with care" in answer.content.decode()
    assert not Study.objects.exists()


def test_unfinished_images_are_left_out_where_that_is_ticked(researcher_client):
    run = make_run()
    make_generation(run, run.prompt_set.prompts.get(), seed=1, finished=False)
    researcher_client.post(BUILD, design(run, allow_unfinished="on"))
    assert {task.generation.seed for task in Study.objects.get().tasks.all()} == {0}


@pytest.mark.django_db(transaction=True)
def test_no_file_is_read_while_the_database_is_locked(researcher_client, monkeypatch):
    locked = []
    original = GlobalHeatMap.load

    def watch(file):
        locked.append(connection.in_atomic_block)
        return original(file)

    monkeypatch.setattr(GlobalHeatMap, "load", watch)
    researcher_client.post(BUILD, design(make_run()))
    assert Study.objects.count() == 1
    assert locked == [False]


def test_building_needs_the_right_to_add_studies(client, staff):
    run = make_run()
    assert client.get(BUILD).status_code == 403
    assert client.post(BUILD, design(run)).status_code == 403
    assert not Study.objects.exists()
    allow(staff, "add_study", "view_study")
    assert client.get(BUILD).status_code == 200
    client.post(BUILD, design(run))
    assert Study.objects.count() == 1


# --- a study's page ---------------------------------------------------------------------------------------


def design_of_page(study: Study, **changes) -> dict:
    fields = ("name", "title", "consent", "instructions", "replicas", "lease_minutes")
    return {**{name: getattr(study, name) for name in fields}, "share_cap": "", **changes}


def test_a_drafts_design_can_be_edited(researcher_client):
    study = make_study()
    changes = {"title": "New", "consent": "Agree?", "instructions": "Look.", "replicas": 7, "share_cap": 0.25}
    assert 'name="_save"' in researcher_client.get(change_page(study)).content.decode()
    answer = researcher_client.post(change_page(study), design_of_page(study, **changes))
    assert answer.status_code == 302
    study.refresh_from_db()
    assert {name: getattr(study, name) for name in changes} == changes
    open_study(study=study)
    assert study.plan["title"] == "New"


def test_a_bad_edit_is_shown_at_its_field(researcher_client):
    study = make_study()
    answer = researcher_client.post(change_page(study), design_of_page(study, replicas=0))
    assert "replicas" in answer.context["adminform"].form.errors
    study.refresh_from_db()
    assert study.replicas == 3


@pytest.mark.parametrize("change", [None, pause_study, close_study])
def test_nothing_of_an_opened_study_can_be_edited(researcher_client, change):
    study = make_open_study()
    if change:
        change(study=study)
    page = researcher_client.get(change_page(study))
    assert list(page.context["adminform"].form.fields) == []
    assert 'name="_save"' not in page.content.decode()
    researcher_client.post(
        change_page(study), design_of_page(study, title="Better", replicas=9, name="other")
    )
    again = Study.objects.get(pk=study.pk)
    assert (again.title, again.replicas, again.name) == (study.title, 3, study.name)
    assert again.state == study.state


def test_an_edit_does_not_undo_a_button_that_was_pressed_meanwhile(researcher_client, monkeypatch):
    study = make_study()

    original = StudyAdmin.save_model

    def save_late(model_admin, request, loaded, form, change):
        open_study(study=Study.objects.get(pk=loaded.pk))
        original(model_admin, request, loaded, form, change)

    monkeypatch.setattr(StudyAdmin, "save_model", save_late)
    researcher_client.post(change_page(study), design_of_page(study, title="Late"))
    study.refresh_from_db()
    assert study.state == Study.State.OPEN
    assert study.plan_sha256 != ""


def test_the_page_links_to_report_responses_and_images(researcher_client):
    study = make_open_study()
    page = researcher_client.get(change_page(study)).content.decode()
    for address in (
        f"/evaluation/studies/{study.pk}/report/",
        f"/evaluation/studies/{study.pk}/responses.csv",
        f"/generation/runs/{study.run_id}/",
        f"http://testserver{study.get_absolute_url()}",  # to be sent to annotators
    ):
        assert f'href="{address}"' in page


def test_a_drafts_address_is_not_given_away(researcher_client):
    study = make_study()
    assert study.slug not in researcher_client.get(change_page(study)).content.decode()


def test_progress_is_shown(researcher_client):
    draft, study = make_study(), make_open_study()
    answer_next(study, make_annotator(), {"choice": 3})
    page = researcher_client.get("/admin/annotations/study/").content.decode()
    assert "3 tasks × 3, not open yet" in page
    assert '<progress max="9" value="1"></progress> 1 of 9' in page
    assert "1 of 9" in researcher_client.get(change_page(study)).content.decode()
    assert change_page(draft) in page


# --- buttons ----------------------------------------------------------------------------------------------

DRAFT, OPEN, PAUSED, CLOSED = "draft", "open", "paused", "closed"


def study_in(state: str) -> Study:
    study = make_study()
    if state != DRAFT:
        open_study(study=study)
    if state == PAUSED:
        pause_study(study=study)
    if state == CLOSED:
        close_study(study=study)
    return study


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (DRAFT, {}),  # its button sends the whole page, see below
        (OPEN, {"Pause": "pause", "Close for good …": "close"}),
        (PAUSED, {"Open again": "open", "Close for good …": "close"}),
        (CLOSED, {}),
    ],
)
def test_every_state_offers_its_buttons(researcher_client, state, offered):
    study = study_in(state)
    page = researcher_client.get(change_page(study)).content.decode()
    found = {value: change for change, value in re.findall(r'form="study-(\w+)" value="([^"]+)"', page)}
    assert found == offered
    for change in offered.values():
        assert f'<form id="study-{change}" method="post" action="{button(study, change)}">' in page


@pytest.mark.parametrize(
    ("state", "change", "after"),
    [
        (DRAFT, "open", OPEN),
        (OPEN, "pause", PAUSED),
        (OPEN, "close", CLOSED),
        (PAUSED, "open", OPEN),
        (PAUSED, "close", CLOSED),
    ],
)
def test_a_button_changes_the_state_and_says_so(researcher_client, state, change, after):
    study = study_in(state)
    answer = researcher_client.post(button(study, change), {"confirmed": "yes"}, follow=True)
    study.refresh_from_db()
    assert study.state == after
    assert answer.redirect_chain == [(change_page(study), 302)]
    assert f"“{study.name}” is {after}" in answer.content.decode()
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.user.username) == (str(study.pk), "researcher")
    assert f"is {after}" in entry.get_change_message()


@pytest.mark.parametrize(
    ("state", "change"), [(DRAFT, "pause"), (OPEN, "open"), (CLOSED, "close"), (CLOSED, "open")]
)
def test_a_button_that_makes_no_sense_any_more_explains_itself(researcher_client, state, change):
    study = study_in(state)
    answer = researcher_client.post(button(study, change), follow=True)
    (message,) = answer.context["messages"]
    assert message.level_tag == "error"
    assert study.name in str(message)
    study.refresh_from_db()
    assert study.state == state
    assert not LogEntry.objects.exists()


def test_a_get_changes_nothing(researcher_client):
    study = make_study()
    assert researcher_client.get(button(study, "open")).status_code == 405
    researcher_client.get(change_page(study))
    study.refresh_from_db()
    assert study.state == DRAFT
    assert not Assignment.objects.exists()


def test_freezing_saves_what_was_edited_and_asks_before_it_opens(researcher_client):
    study = make_study()
    form = researcher_client.get(change_page(study)).context["adminform"].form
    typed = {**{name: form.initial[name] or "" for name in form.fields}, "title": "A better title"}
    page = researcher_client.post(change_page(study), {**typed, "_open": "…"}).content.decode()
    study.refresh_from_db()
    assert (study.title, study.state) == ("A better title", DRAFT)
    assert "cannot be edited any more" in page
    assert f'action="{button(study, "open")}"' in page
    researcher_client.post(button(study, "open"), {"confirmed": "yes"})
    study.refresh_from_db()
    assert (study.plan["title"], study.state) == ("A better title", OPEN)


def test_closing_asks_first_and_says_who_is_at_work(researcher_client):
    study = make_open_study()
    claim_assignment(study=study, annotator=make_annotator())
    page = researcher_client.post(button(study, "close")).content.decode()
    study.refresh_from_db()
    assert study.state == OPEN
    assert "1 annotator is at a task right now" in page


def test_a_draft_has_no_page_to_view(researcher_client):
    assert "View on site" not in researcher_client.get(change_page(make_study())).content.decode()
    assert "View on site" in researcher_client.get(change_page(make_open_study())).content.decode()


def test_unknown_buttons_and_studies_are_not_found(researcher_client):
    assert researcher_client.post(button(make_study(), "explode")).status_code == 404
    assert researcher_client.post("/admin/annotations/study/999/state/open/").status_code == 404


def test_buttons_need_the_right_to_change_studies(client, staff):
    study = make_study()
    allow(staff, "view_study")
    page = client.get(change_page(study))
    assert page.status_code == 200
    assert "study-open" not in page.content.decode()
    assert client.post(button(study, "open")).status_code == 403
    study.refresh_from_db()
    assert study.state == DRAFT
    allow(staff, "change_study")
    client.post(button(study, "open"), {"confirmed": "yes"})
    study.refresh_from_db()
    assert study.state == OPEN


@pytest.mark.parametrize("page", ["study", "annotator", "participation", "response"])
def test_staff_without_rights_and_visitors_see_nothing(client, staff, page):
    assert client.get(f"/admin/annotations/{page}/").status_code == 403
    client.logout()
    assert "/login/" in client.get(f"/admin/annotations/{page}/").headers["Location"]


# --- people and answers -----------------------------------------------------------------------------------


def test_answers_and_people_can_be_looked_at_and_not_changed(researcher_client):
    study = make_open_study()
    annotator = make_annotator()
    participation = make_participation(study, annotator)
    response = answer_next(study, annotator, {"choice": 3})
    for row in (annotator, participation, response):
        name = row._meta.model_name
        assert researcher_client.get(f"/admin/annotations/{name}/").status_code == 200
        page = f"/admin/annotations/{name}/{row.pk}/"
        assert researcher_client.get(f"{page}change/").status_code == 200
        assert researcher_client.post(f"{page}change/", {"answer": "{}"}).status_code == 403
        assert researcher_client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
        assert researcher_client.get(f"/admin/annotations/{name}/add/").status_code == 403
    assert Response.objects.get().answer == {"choice": 3}
    assert Annotator.objects.get() == annotator


def test_a_completion_code_leads_to_its_participation(researcher_client):
    study = make_open_study()
    wanted, other = make_participation(study), make_participation(study)
    page = researcher_client.get(
        "/admin/annotations/participation/", {"q": wanted.completion_code}
    ).content.decode()
    assert wanted.completion_code in page
    assert other.completion_code not in page


def test_a_study_with_answers_cannot_be_deleted(researcher_client):
    study = make_open_study()
    answer_next(study, make_annotator(), {"choice": 3})
    delete = f"/admin/annotations/study/{study.pk}/delete/"
    assert "Cannot delete study" in researcher_client.get(delete).content.decode()
    researcher_client.post(delete, {"post": "yes"})
    assert Study.objects.filter(pk=study.pk).exists()
    assert Response.objects.count() == 1


def test_a_draft_can_be_deleted(researcher_client):
    study = make_study()
    researcher_client.post(f"/admin/annotations/study/{study.pk}/delete/", {"post": "yes"})
    assert not Study.objects.exists()
