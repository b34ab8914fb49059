"""Languages of a draft are built with it, added, edited and removed."""

import pytest

from annotations.errors import StudyError
from annotations.kinds.registry import get_kind
from annotations.models import Study, StudyText
from annotations.services.languages import add_language, edit_texts, remove_language
from annotations.services.openings import open_study
from annotations.services.studies import delete_draft, edit_draft
from annotations.services.verifications import Difference, verify_study
from annotations.texts import languages_of
from daamweb.projects.errors import EditRefusedError, NotEditableError
from daamweb.projects.models import Event
from daamweb.projects.selectors import trail_of
from daamweb.projects.services.editing import EditConflictError
from daamweb.projects.shown import shown_of
from tests.annotations.arabic import TEXTS, add_arabic, arabic_wordings
from tests.factories import make_open_study, make_study

pytestmark = pytest.mark.django_db
GERMAN = get_kind("attribution").translations["de"]


def found(study: Study) -> tuple[Difference, ...]:
    """What deviates from the plan."""
    return verify_study(Study.objects.select_related("plan", "run").get(pk=study.pk), files=False)


# --- building ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
def test_a_study_is_built_in_several_languages(kind):
    study = make_study(kind, languages=("de", "zh-hans", "de"))
    assert list(study.translations.values_list("language", flat=True)) == ["de", "zh-hans"]
    german = study.translations.get(language="de")
    brought = get_kind(kind).translations["de"]
    assert german.title == brought.texts.title
    assert (german.consent, german.instructions) == (brought.texts.consent, brought.texts.instructions)
    assert german.wordings["question"] == brought.wordings["question"]
    assert (study.language, study.wordings) == ("en", {})


def test_a_study_is_built_in_a_language_of_its_kind():
    study = make_study(language="de", languages=("en",))
    assert (study.title, study.consent) == (GERMAN.texts.title, GERMAN.texts.consent)
    assert study.wordings["5"] == GERMAN.wordings["5"]
    assert study.translations.get().title == get_kind("attribution").texts.title
    open_study(study=study)
    assert found(study) == ()


def test_a_study_in_a_regions_language_begins_with_what_the_kind_says_and_opens():
    british, austrian = make_study(language="en-gb", languages=("de-at",)), make_study(language="de-at")
    assert (british.title, british.wordings) == (get_kind("attribution").texts.title, {})
    assert (austrian.title, austrian.wordings["5"]) == (GERMAN.texts.title, GERMAN.wordings["5"])
    assert british.translations.get().wordings["5"] == GERMAN.wordings["5"]
    assert add_language(study=austrian, language="en-us").wordings["5"] == "excellent"
    for study in (british, austrian):
        open_study(study=study)
        assert found(study) == ()
        assert study.translations.get().offered


@pytest.mark.parametrize(
    ("design", "message"),
    [
        ({"languages": ("en",)}, "English is the study’s own language."),
        ({"languages": ("ar",)}, "do not speak 'ar' by themselves"),
        ({"language": "DE"}, "“DE” is no tag of a language"),
        ({"prompt_language": "Deutsch, bitte"}, "is no tag of a language"),
    ],
)
def test_what_cannot_be_spoken_is_refused_and_nothing_is_built(design, message):
    with pytest.raises(StudyError, match=message):
        make_study(**design)
    assert not Study.objects.exists()


def test_a_study_in_a_language_of_nobody_opens_once_its_kinds_words_are_given():
    study = make_study(language="ar", title=TEXTS["title"])
    assert study.consent == get_kind("attribution").texts.consent
    with pytest.raises(
        StudyError, match=r"is in Arabic, in which it lacks words for “How well .* more. Give that"
    ):
        open_study(study=study)
    edit_texts(row=study, typed={"wordings": arabic_wordings(study), "reviewed_by": "Layla"})
    open_study(study=study)
    study.refresh_from_db()
    plan = study.frozen_plan
    assert plan.settings["wordings"] == arabic_wordings(study)
    assert (plan.settings["language"], plan.settings["reviewed_by"]) == ("ar", "Layla")
    assert found(study) == ()


# --- a draft's own language -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "wordings"),
    [("en", {}), ("ar", {}), ("es", get_kind("attribution").translations["es"].wordings)],
)
def test_what_a_kind_says_follows_the_language_of_a_draft(language, wordings):
    study = make_study(language="de")
    edit_draft(study=study, typed={"language": language, "title": "?"})
    study.refresh_from_db()
    of_options = get_kind("attribution").wordings(study.options)
    assert study.wordings == {key: said for key, said in wordings.items() if key in of_options}


def test_what_was_typed_stays_when_the_tag_of_a_draft_is_corrected(researcher):
    study = make_study(language="ar")
    edit_texts(row=study, typed={"wordings": arabic_wordings(study)})
    edit_draft(study=study, typed={"language": "ar-eg"}, by=researcher)
    study.refresh_from_db()
    assert study.wordings == arabic_wordings(study)
    assert trail_of(study)[0].details == {"language": ["ar", "ar-eg"]}


def test_what_the_kind_brought_goes_with_the_language_and_that_is_written_down(researcher):
    study = make_study(language="de")
    edit_texts(row=study, typed={"wordings": {**study.wordings, "1": "übel"}})
    edit_draft(study=study, typed={"language": "ar"}, by=researcher)
    study.refresh_from_db()
    assert study.wordings == {"1": "übel"}
    event = trail_of(study)[0]
    assert (event.actor, event.action) == (researcher, "edited")
    assert event.details["wordings"][1] == str({"1": "übel"})


def test_what_was_typed_in_a_language_that_becomes_english_can_be_edited():
    study = make_study(language="de")
    edit_texts(row=study, typed={"wordings": {**study.wordings, "1": "übel"}})
    edit_draft(study=study, typed={"language": "en"})
    study.refresh_from_db()
    assert (study.wordings, languages_of(study)[0].has_page) == ({"1": "übel"}, True)


def test_a_draft_whose_language_stays_keeps_its_words():
    study = make_study(language="ar")
    edit_texts(row=study, typed={"wordings": arabic_wordings(study), "reviewed_by": ""})
    edit_draft(study=study, typed={"language": "ar", "title": "?"})
    study.refresh_from_db()
    assert study.wordings == arabic_wordings(study)


def test_a_draft_that_pays_nothing_any_more_says_so_in_every_language(researcher):
    study = make_study(pay="3 euros")
    row = add_arabic(study, pay="٣ يورو", reviewed_by="Layla")
    edit_draft(study=study, typed={"pay": "4 euros"})
    row.refresh_from_db()
    assert row.pay == "٣ يورو"
    edit_draft(study=study, typed={"pay": ""}, by=researcher)
    row.refresh_from_db()
    assert (row.pay, row.reviewed_by) == ("", "Layla")
    event = Event.objects.on(row)[0]
    assert (event.actor, event.details) == (researcher, {"pay": ["٣ يورو", ""]})


def test_a_draft_does_not_take_a_language_that_it_has_beside_its_own():
    study = make_study(languages=("de",))
    with pytest.raises(
        EditRefusedError, match=r"has German texts beside its own already. Remove them"
    ) as refused:
        edit_draft(study=study, typed={"language": "de", "title": "?"})
    assert refused.value.field == "language"
    study.refresh_from_db()
    assert (study.language, study.title) == ("en", get_kind("attribution").texts.title)
    remove_language(row=study.translations.get())
    assert edit_draft(study=study, typed={"language": "de"})


# --- others -----------------------------------------------------------------------------------------------


def test_a_language_of_the_kind_is_added_with_its_texts_and_any_other_empty(researcher):
    study = make_study()
    german = add_language(study=study, language="de", by=researcher)
    arabic = add_language(study=study, language="ar", by=researcher)
    assert german.title == GERMAN.texts.title
    assert (arabic.title, arabic.wordings) == ("", {})
    events = Event.objects.within(study).filter(subject_type="annotations.studytext")
    assert {(event.action, event.subject_name) for event in events} == {
        ("made", "German texts"), ("made", "Arabic texts"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "English is the study’s own language."),
        ("de", "The study has German already."),
        ("German", "“German” is no tag of a language; one is such as"),
    ],
)
def test_what_cannot_be_added_is_said(language, message):
    study = make_study(languages=("de",))
    with pytest.raises(StudyError, match=message):
        add_language(study=study, language=language)
    assert study.translations.count() == 1


def test_texts_are_edited_and_it_is_written_down(researcher):
    study = make_study()
    row = add_language(study=study, language="ar")
    typed = {**TEXTS, "wordings": arabic_wordings(study), "reviewed_by": "Layla"}
    assert edit_texts(row=row, typed=typed, by=researcher)
    assert not edit_texts(row=row, typed=typed, by=researcher)
    row.refresh_from_db()
    assert (row.title, row.reviewed_by) == (TEXTS["title"], "Layla")
    event = trail_of(study)[0]
    assert (event.action, event.actor, event.details["reviewed_by"]) == ("edited", researcher, ["", "Layla"])


@pytest.mark.parametrize(
    ("is_own", "typed", "field"),
    [
        (True, {"title": "Another"}, "title"),
        (True, {"name": "Another", "wordings": {}}, "name"),
        (False, {"pay": "٣ يورو"}, "pay"),
        (False, {"language": "de"}, "language"),
        (False, {"offered": True}, "offered"),
        (False, {"wordings": {"nonsense": "X"}}, "wordings"),
    ],
)
def test_only_what_a_study_says_in_a_language_is_edited_with_it(is_own, typed, field):
    study = make_study()
    row = study if is_own else add_arabic(study)
    before = vars(type(row).objects.get(pk=row.pk)) | {"_state": None}
    with pytest.raises(EditRefusedError) as refused:
        edit_texts(row=row, typed=typed)
    assert refused.value.field == field
    assert vars(type(row).objects.get(pk=row.pk)) | {"_state": None} == before


def test_pay_is_edited_where_the_study_pays():
    study = make_study(pay="3 euros")
    row = add_arabic(study)
    assert edit_texts(row=row, typed={"pay": "٣ يورو"})


def test_wordings_that_cannot_be_told_apart_are_not_stored():
    study = make_study()
    row = add_arabic(study)
    with pytest.raises(EditRefusedError, match="could not tell the two apart"):
        edit_texts(row=row, typed={"wordings": {**arabic_wordings(study), "1": "X", "2": "x"}})
    row.refresh_from_db()
    assert row.wordings == arabic_wordings(study)


def test_what_somebody_else_changed_meanwhile_is_not_overwritten():
    study = make_study()
    row = add_arabic(study)
    shown = shown_of(row, ["title", "wordings"])
    edit_texts(row=row, typed={"title": "Another"})
    with pytest.raises(EditConflictError) as conflict:
        edit_texts(row=row, typed={"title": "Mine", "wordings": row.wordings}, shown=shown)
    assert conflict.value.stored == {"title": "Another"}


def test_of_an_opened_study_nothing_is_added_edited_or_removed():
    study = make_open_study(languages=("de",))
    row = study.translations.get()
    with pytest.raises(StudyError, match="is open, and not a draft any more"):
        add_language(study=study, language="ar")
    with pytest.raises(StudyError, match="is open, and not a draft any more"):
        remove_language(row=row)
    for edited in (row, study):
        with pytest.raises(NotEditableError, match="is open, and not a draft any more"):
            edit_texts(row=edited, typed={"reviewed_by": "Somebody"})


def test_texts_that_somebody_removed_meanwhile_cannot_be_edited():
    row = add_arabic(make_study())
    remove_language(row=row)
    remove_language(row=row)  # as by a second click
    with pytest.raises(NotEditableError, match="Somebody removed Arabic meanwhile"):
        edit_texts(row=row, typed={"title": "Mine"})
    assert Event.objects.filter(action=Event.Action.DELETED).count() == 1


def test_a_draft_is_deleted_with_its_languages():
    study = make_study(languages=("de", "es"))
    add_arabic(study)
    delete_draft(study=study)
    assert not StudyText.objects.exists()
