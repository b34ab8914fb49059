"""The admin's addresses of studies, and studies in every state."""

import html

from django.urls import reverse

from annotations.design import DESIGN_FIELDS
from annotations.models import Study
from annotations.services.claims import claim_assignment
from annotations.services.closings import close_study, pause_study
from annotations.services.openings import open_study, request_opening
from daamweb.projects.shown import shown_of
from tests.factories import make_participation, make_study, typed_design

State = Study.State
CONFIRMED = {"confirmed": "yes"}
STUDIES = "/admin/annotations/study/"


def change_page(study: Study) -> str:
    return reverse("admin:annotations_study_change", args=[study.pk])


def delete_page(study: Study) -> str:
    return reverse("admin:annotations_study_delete", args=[study.pk])


def button(study: Study, change: str) -> str:
    return f"/admin/annotations/study/{study.pk}/state/{change}/"


def text_of(answer) -> str:
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def design_of_page(study: Study, **changes) -> dict:
    """What a draft's page sends."""
    # As the page was when it was loaded.
    shown = str(shown_of(study, DESIGN_FIELDS))
    return {**typed_design(study), "shown": shown, **changes}


def study_in(state: str) -> Study:
    """One that is closing is so because somebody is at a task."""
    study = make_study()
    if state == State.OPENING:
        request_opening(study=study)
    if state in (State.DRAFT, State.OPENING):
        return study
    open_study(study=study)
    if state == State.PAUSED:
        pause_study(study=study)
    if state == State.CLOSING:
        claim_assignment(participation=make_participation(study))
    if state in (State.CLOSING, State.CLOSED):
        close_study(study=study)
    assert study.state == state
    return study


def damage_an_image(study: Study) -> str:
    """Replace the file of the study's first image; its name."""
    image = study.tasks.first().generation.image
    with image.open("wb") as file:
        file.write(b"another picture")
    return image.name
