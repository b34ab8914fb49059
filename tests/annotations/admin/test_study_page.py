"""A study's page: what it shows, and what can be edited there."""

import html

import pytest

from annotations.admin import StudyAdmin
from annotations.models import Study
from annotations.services.openings import open_study, request_opening
from annotations.services.verifications import verify_study
from daamweb.projects.models import Event
from tests.annotations.admin.pages import STUDIES, State, change_page, design_of_page, study_in, text_of
from tests.factories import (
    answer_next,
    make_annotator,
    make_open_study,
    make_prompt_set,
    make_run,
    make_study,
)

pytestmark = pytest.mark.django_db


def test_a_drafts_design_can_be_edited(researcher_client):
    study = make_study()
    changes = {
        "title": "New", "consent": "Agree?", "instructions": "Look.", "replicas": 7, "share_cap": 0.25,
        "expected_annotators": 40, "check_every": 5, "lease_minutes": 22, "access": "codes", "contact": "Ada",
        "minutes": 3, "pay": "a cup", "min_width": 500, "min_seconds": 0.5, "painted_only": True,
        "join_at_once": 9, "join_per_second": 2.0, "unanswered_at_most": 8, "unanswered_share": 0.5,
        "unanswered_minutes": 4, "language": "de", "prompt_language": "es", "reviewed_by": "Ada",
    }  # fmt: skip
    assert 'name="_save"' in researcher_client.get(change_page(study)).content.decode()
    answer = researcher_client.post(change_page(study), design_of_page(study, **changes))
    assert answer.status_code == 302
    study.refresh_from_db()
    assert {name: getattr(study, name) for name in changes} == changes
    open_study(study=study)
    assert {name: study.plan.settings[name] for name in changes} == changes


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("replicas", 0),
        ("share_cap", "nan"),
        ("check_every", 1),
        ("expected_annotators", 0),
        ("language", "d"),
        ("prompt_language", "German"),
    ],
)
def test_a_bad_edit_is_shown_at_its_field(researcher_client, field, value):
    study = make_study()
    answer = researcher_client.post(change_page(study), design_of_page(study, title="New", **{field: value}))
    assert list(answer.context["adminform"].form.errors) == [field]
    again = Study.objects.get(pk=study.pk)
    assert getattr(again, field) == getattr(study, field)
    assert again.title == study.title


def test_the_language_is_typed_in_any_letters_and_what_the_kind_says_follows(researcher_client):
    study = make_study()
    researcher_client.post(change_page(study), design_of_page(study, language="zh-Hans"))
    study.refresh_from_db()
    assert (study.language, study.wordings["5"]) == ("zh-hans", "优")


def test_a_language_that_a_draft_has_beside_its_own_is_refused_at_its_field(researcher_client):
    study = make_study(languages=("de",))
    answer = researcher_client.post(change_page(study), design_of_page(study, language="de", title="Neu"))
    assert answer.status_code == 422
    assert list(answer.context["adminform"].form.errors) == ["language"]
    assert "has German texts beside its own already" in html.unescape(answer.text)
    study.refresh_from_db()
    assert (study.language, study.wordings) == ("en", {})


@pytest.mark.parametrize("state", [State.OPENING, State.OPEN, State.PAUSED, State.CLOSING, State.CLOSED])
def test_nothing_of_a_study_that_is_no_draft_can_be_edited(researcher_client, state):
    study = study_in(state)
    page = researcher_client.get(change_page(study))
    assert list(page.context["adminform"].form.fields) == []
    assert 'name="_save"' not in page.content.decode()
    # As from a page that was loaded while it was a draft.
    typed = design_of_page(study, title="Better", replicas=9, name="other", check_every=3)
    for pressed in ("_save", "_continue", "_open"):
        answer = researcher_client.post(change_page(study), {**typed, pressed: "…"})
        assert answer.status_code == 409
        page = html.unescape(answer.text)
        assert f"“{study.name}” is {study.get_state_display()}, and not a draft any more." in page
        assert ">\nBetter</textarea>" in page
    again = Study.objects.get(pk=study.pk)
    assert (again.title, again.replicas, again.name, again.check_every) == (study.title, 3, study.name, 10)
    assert again.state == study.state
    assert not Event.objects.filter(action=Event.Action.EDITED).exists()


@pytest.mark.parametrize("move", [open_study, request_opening])
def test_an_edit_does_not_undo_a_button_that_was_pressed_at_the_same_moment(
    researcher_client, monkeypatch, move
):
    study = make_study()
    typed = design_of_page(study, title="Late")
    original = StudyAdmin.has_change_permission

    def move_late(model_admin, request, found=None):
        """Somebody else opens it once this request has read it."""
        if Study.objects.filter(pk=study.pk, state=State.DRAFT).exists():
            move(study=study)
        return original(model_admin, request, found)

    monkeypatch.setattr(StudyAdmin, "has_change_permission", move_late)
    answer = researcher_client.post(change_page(study), typed)
    assert answer.status_code == 409
    assert "not a draft any more" in answer.text
    again = Study.objects.get(pk=study.pk)
    assert again.state == (State.OPEN if move is open_study else State.OPENING)
    assert again.title == study.title
    assert not Event.objects.filter(action=Event.Action.EDITED).exists()


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


@pytest.mark.parametrize("state", [State.DRAFT, State.OPENING])
def test_the_address_of_a_study_that_is_not_open_yet_is_not_given_away(researcher_client, state):
    study = study_in(state)
    page = researcher_client.get(change_page(study)).content.decode()
    assert study.slug not in page
    assert "View on site" not in page
    assert "View on site" in researcher_client.get(change_page(make_open_study())).content.decode()


def test_the_page_says_how_many_tasks_of_each_role_there_are_and_the_plans_hash(researcher_client):
    words = [("A", "DET", "target"), ("dog", "NOUN", "target"), (".", "PUNCT", "attention_check")]
    study = make_study(run=make_run(make_prompt_set([("A dog.", words)])))
    assert "2 items, 1 checks" in text_of(researcher_client.get(change_page(study)))
    open_study(study=study)
    assert study.plan.sha256 in text_of(researcher_client.get(change_page(study)))


def test_progress_is_shown(researcher_client):
    draft, opening, study = make_study(), study_in(State.OPENING), make_open_study()
    answer_next(study, make_annotator(), {"choice": 3})
    page = text_of(researcher_client.get(STUDIES))
    assert "3 tasks × 3, not open yet" in page
    assert '<progress max="6" value="0"></progress> 0 of 6 being opened' in page
    assert '<progress max="9" value="1"></progress> 1 of 9' in page
    assert "1 of 9" in text_of(researcher_client.get(change_page(study)))
    assert change_page(draft) in page
    assert change_page(opening) in page


@pytest.mark.parametrize("pk", ["999", "9" * 30, "no"])
def test_a_study_that_is_not_there_leads_to_the_first_page(researcher_client, pk):
    answer = researcher_client.get(f"/admin/annotations/study/{pk}/change/")
    assert (answer.status_code, answer.url) == (302, "/admin/")


def test_the_way_in_which_a_browser_ends_lines_is_no_edit(researcher_client):
    study = make_study()
    typed = design_of_page(study, title="New")
    lines = {name: typed[name].replace("\n", "\r\n") for name in ("consent", "instructions")}
    assert "\r\n" in lines["consent"]
    researcher_client.post(change_page(study), {**typed, **lines})
    again = Study.objects.get()
    assert (again.title, again.consent, again.instructions) == ("New", study.consent, study.instructions)
    event = Event.objects.get(action=Event.Action.EDITED)
    assert event.details == {"title": [study.title, "New"]}


def test_the_page_says_how_many_deviations_were_found(researcher_client):
    study = make_open_study()
    assert "none found" in researcher_client.get(change_page(study)).text
    Study.objects.filter(pk=study.pk).update(title="Another")
    verify_study(Study.objects.get(), files=False)
    assert "1 found; the report lists them" in researcher_client.get(change_page(study)).text
