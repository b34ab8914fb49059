"""Whatever is done with a study and its people is written down once, with who did it; what is refused, done
already or rolled back is not."""

import json

import pytest
from django.db import transaction

from annotations.design import StudyDesign
from annotations.errors import ReviewError, StudyError
from annotations.jobs import start_closing, start_opening, sweep_studies
from annotations.models import Opening, Participation, Study
from annotations.services.closings import close_study, pause_study
from annotations.services.identities import erase_person, forget_identities, set_retention
from annotations.services.openings import open_study, request_opening, run_opening
from annotations.services.participations import join_study
from annotations.services.reviews import accept_visit, exclude_annotator, reject_visit, undo_review
from annotations.services.studies import build_study, delete_draft, edit_draft
from daamweb.projects.errors import NotEditableError
from daamweb.projects.models import Event, Role
from daamweb.projects.services.invitations import accept_invitation, invite
from tests.annotations.admin.pages import damage_an_image
from tests.annotations.services.rows import again, claim, four_images, person, run_out, submit
from tests.events import written
from tests.factories import make_annotator, make_member, make_open_study, make_study, make_user

pytestmark = pytest.mark.django_db

State = Study.State


@pytest.fixture
def anna():
    return make_member(Role.RESEARCHER, username="anna")


def study_design(study: Study, name: str) -> StudyDesign:
    return StudyDesign(kind=study.kind, name=name, run=study.run)


def test_building_editing_and_deleting_a_draft(anna):
    study = make_study()
    design = study_design(study, name="likert")
    assert written(build_study, design=design, by=anna) == [("anna", "made", "likert")]
    study = Study.objects.get(name="likert")
    edits = {"title": "Another", "replicas": 5}
    assert written(edit_draft, study=study, typed=edits, by=anna) == [("anna", "edited", "likert")]
    assert Event.objects.first().details == {"title": [study.title, "Another"], "replicas": [3, 5]}
    assert written(edit_draft, study=study, typed=edits, by=anna) == []
    assert written(delete_draft, study=study, by=anna) == [("anna", "deleted", "likert")]


def test_a_long_text_is_not_repeated(anna):
    study = make_study()
    edit_draft(study=study, typed={"consent": "x" * 5000}, by=anna)
    before = f"{len(study.consent)} characters" if len(study.consent) > 80 else study.consent
    assert Event.objects.first().details == {"consent": [before, "5000 characters"]}


def test_opening_is_asked_for_by_somebody_and_done_by_the_site(anna):
    study = make_study()
    name = study.name
    assert written(start_opening, study=study, by=anna) == [("anna", "opening", name)]
    assert written(start_opening, study=study, by=anna) == []  # it is opening
    opening = Opening.objects.get()
    assert written(run_opening, opening=opening) == [("the site", "opened", name)]
    study.refresh_from_db()
    assert Event.objects.first().details == {"plan": study.plan.sha256}
    assert written(run_opening, opening=opening) == []
    assert written(pause_study, study=study, by=anna) == [("anna", "paused", name)]
    assert written(request_opening, study=study, by=anna) == [("anna", "resumed", name)]


def test_an_opening_that_fails_says_why(anna):
    study = make_study()
    damage_an_image(study)
    request_opening(study=study, by=anna)
    done = written(run_opening, opening=Opening.objects.get())
    assert done == [("the site", "not_opened", study.name)]
    assert "is not the one that was stored" in Event.objects.first().details["error"]


def test_an_opening_whose_worker_died_is_given_up_by_the_site(anna):
    study = make_study()
    request_opening(study=study, by=anna).cancel()
    assert written(sweep_studies) == [("the site", "not_opened", study.name)]
    assert written(sweep_studies) == []


def test_closing_while_nobody_is_at_a_task_ends_at_once(anna):
    study = make_open_study()
    both = [("anna", "closing", study.name), ("anna", "closed", study.name)]
    assert written(close_study, study=study, by=anna) == both


def test_a_closing_that_ends_by_itself_is_ended_by_the_site(anna, pokes):
    study = four_images()
    turn = claim(person(study))
    done = written(start_closing, study=study, by=anna)
    assert done == [("anna", "closing", study.name)]
    assert written(sweep_studies) == []
    run_out(turn)
    assert written(sweep_studies) == [("the site", "closed", study.name)]
    assert written(sweep_studies) == []


def test_closing_at_once_says_so(anna):
    study = four_images()
    claim(person(study))
    close_study(study=study)
    done = written(close_study, study=study, at_once=True, by=anna)
    assert done == [("anna", "closing", study.name), ("anna", "closed", study.name)]
    assert Event.objects.get(actor=anna, action="closing").details == {"at_once": True}


def test_verdicts_name_a_person_by_the_pseudonym(anna):
    study = four_images()
    annotator = make_annotator()
    participation = join_study(study=study, annotator=annotator, unit_id="unit")
    submit(claim(participation))
    visit = again(participation).visit
    name = f"{participation.pseudonym} in {study}"
    given = {"participation": participation, "reason": "slow", "rule": "too fast"}
    assert written(exclude_annotator, **given, by=anna) == [("anna", "excluded", name)]
    assert Event.objects.first().details == {"rule": "too fast"}
    review = participation.reviews.get()
    assert written(undo_review, review=review, reason="mistaken", by=anna) == [("anna", "undid", name)]
    assert written(reject_visit, visit=visit, reason="no", by=anna) == [("anna", "rejected", name)]
    assert Event.objects.first().details == {"visit": "1"}
    second = join_study(study=study, annotator=annotator, unit_id="another").visit
    assert written(accept_visit, visit=second, reason="yes", by=anna) == [("anna", "accepted", name)]


def test_erasing_and_retention(anna):
    study = four_images()
    participation = person(study)
    done = written(set_retention, study=study, days=30, by=anna)
    assert done == [("anna", "edited", study.name)]
    assert written(set_retention, study=study, days=30, by=anna) == []
    done = written(erase_person, participation=participation, by=anna)
    assert done == [("anna", "erased", f"{participation.pseudonym} in {study}")]
    close_study(study=study)
    assert written(forget_identities, study=study) == [("the site", "erased", study.name)]


REFUSED = [
    lambda study, by: pause_study(study=study, by=by),
    lambda study, by: close_study(study=study, by=by),
    lambda study, by: request_opening(study=study, by=by),
    lambda study, by: delete_draft(study=study, by=by),
    lambda study, by: edit_draft(study=study, typed={"title": "x"}, by=by),
    lambda study, by: build_study(design=study_design(study, study.name), by=by),
    lambda study, by: exclude_annotator(participation=excluded(study), reason="again", by=by),
    lambda study, by: exclude_annotator(participation=study.participations.last(), reason=" ", by=by),
    lambda study, by: accept_visit(visit=study.participations.first().visits.get(), reason="", by=by),
    lambda study, by: undo_review(review=study.reviews.first(), reason="", by=by),
]


def excluded(study: Study) -> Participation:
    return study.participations.exclude(excluded_at=None).first()


@pytest.mark.parametrize("act", REFUSED)
def test_what_is_refused_is_not_written_down(anna, act):
    study = four_images()
    submit(claim(person(study)))
    exclude_annotator(participation=person(study), reason="careless")
    person(study)
    close_study(study=study)

    def refused():
        with pytest.raises((StudyError, ReviewError, NotEditableError)):
            act(study, anna)

    assert written(refused) == []


ROLLED_BACK = [
    lambda study, by: pause_study(study=study, by=by),
    lambda study, by: close_study(study=study, by=by),
    lambda study, by: exclude_annotator(participation=person(study), reason="careless", by=by),
    lambda study, by: set_retention(study=study, days=1, by=by),
    lambda study, by: build_study(design=study_design(study, "another"), by=by),
]


@pytest.mark.parametrize("act", ROLLED_BACK)
def test_what_was_rolled_back_is_not_written_down(anna, act):
    study = four_images()

    def roll_back():
        with transaction.atomic():
            act(study, anna)
            transaction.set_rollback(True)

    assert written(roll_back) == []


def test_a_command_is_its_operators(monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "operator")
    study = make_study()
    done = written(open_study, study=study)
    operator = "command line (operator)"
    assert done == [(operator, "opening", study.name), ("the site", "opened", study.name)]


def test_nothing_that_is_written_down_says_who_an_annotator_is_or_lets_anybody_in(anna, pokes):
    """Of everything above: ids of the platform, completion codes, the links of studies and invitations,
    passwords, and the reasons of verdicts, which may say anything."""
    study = four_images()
    annotator = make_annotator()
    participation = join_study(study=study, annotator=annotator, unit_id="UNIT-4711")
    submit(claim(participation))
    visit = again(participation).visit
    reason = "She is Jane Doe"
    exclude_annotator(participation=participation, reason=reason, evidence={"id": "UNIT-4711"}, by=anna)
    undo_review(review=participation.reviews.first(), reason=reason, by=anna)
    reject_visit(visit=visit, reason=reason, by=anna)
    set_retention(study=study, days=1, by=anna)
    close_study(study=study, by=anna)
    owner = make_member(Role.OWNER)
    invitation, token = invite(project=study.project, role=Role.OBSERVER, by=owner)
    accept_invitation(invitation=invitation, user=make_user())
    secrets = [
        annotator.external_id, "UNIT-4711", again(participation).completion_code, study.slug, token,
        invitation.token_sha256, anna.password, reason, str(participation.seed),
    ]  # fmt: skip
    erase_person(participation=participation, by=anna)
    forget_identities(study=study)
    text = json.dumps(list(Event.objects.values()), default=str)
    assert Event.objects.count() > 10
    assert participation.pseudonym in text
    assert [secret for secret in secrets if secret in text] == []
