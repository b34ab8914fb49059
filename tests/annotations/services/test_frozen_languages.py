"""Languages are frozen with the plan: those in which nothing is missing, as whoever opens it saw them."""

import pytest
from django.db import IntegrityError, transaction

from annotations.design import FROZEN_FIELDS
from annotations.errors import StudyError
from annotations.kinds.registry import get_kind
from annotations.models import Plan, Study, StudyText
from annotations.services.languages import add_language, edit_texts, remove_language
from annotations.services.openings import open_study, request_opening
from annotations.services.plans import make_plan, plan_sha256
from annotations.services.verifications import verify_study
from daamweb.projects.selectors import trail_of
from daamweb.projects.shown import Shown, shown_of
from tests.annotations.arabic import TEXTS, add_arabic, arabic_wordings
from tests.factories import make_open_study, make_study

pytestmark = pytest.mark.django_db


def reloaded(study: Study) -> Study:
    return Study.objects.select_related("plan", "run").get(pk=study.pk)


def found(study: Study) -> set[str]:
    """What deviates from the plan."""
    return {difference.what for difference in verify_study(reloaded(study), files=False)}


# --- freezing ---------------------------------------------------------------------------------------------


def test_what_is_whole_is_frozen_and_offered():
    study = make_study(languages=("de",))
    add_arabic(study)
    add_language(study=study, language="fr")
    open_study(study=study)
    settings = reloaded(study).plan.settings["languages"]
    assert set(settings) == {"ar", "de"}
    assert settings["ar"] == {**TEXTS, "pay": "", "wordings": arabic_wordings(study), "reviewed_by": ""}
    offered = study.translations.filter(offered=True)
    assert set(offered.values_list("language", flat=True)) == {"ar", "de"}
    assert found(study) == set()


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"title": "Another"}, {"languages.de.title"}),
        (
            {"wordings": {}},
            {f"languages.de.wordings.{key}" for key in ("question", *"1234567", "legend.veil")},
        ),
        ({"reviewed_by": "Somebody"}, {"languages.de.reviewed_by"}),
        ({"offered": False}, {"languages.de"}),
    ],
)
def test_what_is_changed_afterwards_past_the_services_is_found(changes, what):
    study = make_open_study(languages=("de", "es"))
    study.translations.filter(language="de").update(**changes)
    assert found(study) == what


def test_a_language_that_was_offered_later_is_found():
    study = make_open_study()
    assert study.plan.settings["languages"] == {}
    add_arabic(study, offered=True)
    assert found(study) == {"languages.ar"}


@pytest.mark.breaks_rows
def test_the_only_language_beside_its_own_that_is_gone_is_found():
    study = make_open_study(languages=("de",))
    study.translations.all().delete()
    assert found(study) == {"languages.de"}


def test_a_plan_of_before_there_were_languages_says_nothing_of_them():
    study = make_open_study()
    settings = {
        name: value
        for name, value in study.plan.settings.items()
        if name not in ("language", "prompt_language", "reviewed_by", "wordings", "languages")
    }
    sha256 = plan_sha256(settings, study.plan.tasks_sha256)
    Plan.objects.filter(pk=study.plan_id).update(settings=settings, sha256=sha256)
    study.openings.update(plan_sha256=sha256)
    assert found(study) == set()
    assert make_plan(reloaded(study)).sha256 == sha256
    Study.objects.filter(pk=study.pk).update(language="de")
    assert found(study) == {"language"}
    Study.objects.filter(pk=study.pk).update(language="en", wordings={"1": "awful"})
    assert "wordings" in found(study)


@pytest.mark.parametrize(
    ("kind", "wording"),
    [
        ("attribution", "attribution.wordings.QUESTION"),
        ("object_presence", "object_presence.wordings.NONE"),
    ],
)
def test_what_an_english_study_says_out_of_its_kinds_code_is_frozen(monkeypatch, kind, wording):
    study = make_open_study(kind)
    said = get_kind(kind).wordings(study.options)
    assert (study.wordings, study.plan.settings["wordings"]) == ({}, said)
    assert found(study) == set()
    monkeypatch.setattr(f"annotations.kinds.{wording}", "Is {word} fine?")
    key = "question" if wording.endswith("QUESTION") else "none"
    assert found(study) == {f"wordings.{key}"}


def test_a_plan_of_before_there_were_wordings_is_not_held_against_the_kinds_code(monkeypatch):
    study = make_open_study()
    settings = {name: value for name, value in study.plan.settings.items() if name != "wordings"}
    sha256 = plan_sha256(settings, study.plan.tasks_sha256)
    Plan.objects.filter(pk=study.plan_id).update(settings=settings, sha256=sha256)
    study.openings.update(plan_sha256=sha256)
    monkeypatch.setattr("annotations.kinds.attribution.wordings.QUESTION", "Is {word} fine?")
    assert found(study) == set()


def test_an_incomplete_language_cannot_be_offered_past_the_services():
    row = add_arabic(make_study(), consent="")
    with pytest.raises(IntegrityError), transaction.atomic():
        StudyText.objects.filter(pk=row.pk).update(offered=True)


def test_pay_in_a_study_without_pay_is_neither_frozen_nor_promised():
    study = make_study()
    add_arabic(study, pay="٣ يورو")  # past the services
    open_study(study=study)
    assert reloaded(study).plan.settings["languages"]["ar"]["pay"] == ""
    assert study.translations.get().pay == ""
    assert found(study) == set()


# --- what whoever freezes it has seen ---------------------------------------------------------------------


def seen_now(study: Study) -> Shown:
    return shown_of(reloaded(study), FROZEN_FIELDS, trail_of(study))


@pytest.mark.parametrize(
    "edit",
    [
        lambda study: add_language(study=study, language="es"),
        lambda study: remove_language(row=study.translations.get()),
        lambda study: edit_texts(row=study.translations.get(), typed={"title": "Anders"}),
    ],
)
def test_languages_that_were_edited_since_they_were_seen_are_not_frozen(edit):
    study = make_study()
    add_language(study=study, language="de")
    seen = seen_now(study)
    edit(study)
    with pytest.raises(StudyError, match=r"somebody edited languages\. Look at it"):
        request_opening(study=study, seen=seen)
    assert request_opening(study=study, seen=seen_now(study)) is not None


def test_wordings_that_were_edited_since_they_were_seen_are_not_frozen():
    study = make_study(language="de")
    seen = seen_now(study)
    edit_texts(row=study, typed={"wordings": {**study.wordings, "1": "übel"}})
    with pytest.raises(StudyError, match=r"somebody edited wordings\. Look at it"):
        request_opening(study=study, seen=seen)
