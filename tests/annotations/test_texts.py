"""What a study says in each language: what is missing, what is wrong, who read it."""

import pytest

from annotations.errors import StudyError
from annotations.kinds.registry import KINDS, get_kind
from annotations.models import Study, StudyText
from annotations.services.languages import edit_texts
from annotations.services.openings import open_study
from annotations.texts import (
    in_words,
    kinds_text,
    languages_of,
    missing_texts,
    missing_wordings,
    offered_languages,
    serves,
    speaks,
    spoken_by,
    texts_in,
    whole_texts,
    wording_problems,
    wordings_in,
)
from tests.annotations.arabic import add_arabic, arabic_wordings
from tests.factories import make_cohyponym_prompt_set, make_open_study, make_run, make_study

pytestmark = pytest.mark.django_db


# --- what kinds bring -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(KINDS.values()), ids=list(KINDS))
def test_every_kind_speaks_english_and_what_its_folder_has(kind):
    assert speaks(kind) == ["en", *kind.translations]
    assert {"de", "es", "zh-hans"} <= set(kind.translations)
    assert spoken_by(kind, "ar").texts == kind.texts
    assert spoken_by(kind, "de").texts != kind.texts


@pytest.mark.parametrize("kind", list(KINDS.values()), ids=list(KINDS))
@pytest.mark.parametrize(
    ("language", "served_by"),
    [
        ("en", "en"),
        ("en-gb", "en"),
        ("de-at", "de"),
        ("es-419", "es"),
        ("zh-cn", "zh-hans"),
        ("zh-tw", None),
        ("ar", None),
    ],
)
def test_a_regions_language_is_served_by_the_one_that_the_kind_speaks(kind, language, served_by):
    assert serves(kind, language) == served_by
    assert spoken_by(kind, language) == spoken_by(kind, served_by or "en")
    assert wordings_in(kind, {"display": "veil"}, language) == wordings_in(
        kind, {"display": "veil"}, served_by or "en"
    )


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
def test_what_a_kind_brings_is_whole_and_can_be_told_apart(kind):
    study = make_study(kind)
    for language in get_kind(kind).translations:
        text = kinds_text(study, language)
        assert (text.study, text.language, text.offered) == (study, language, False)
        assert missing_texts(study, text) == [], language
        assert wording_problems(get_kind(kind).wordings(study.options), text.wordings) == {}, language


def test_english_is_brought_to_a_study_in_another_language():
    study = make_study(language="de")
    text = kinds_text(study, "en")
    assert text.wordings == get_kind("attribution").wordings(study.options)
    assert missing_texts(study, text) == []


@pytest.mark.parametrize(("region", "language"), [("en-gb", "en"), ("de-at", "de"), ("zh-sg", "zh-hans")])
def test_a_regions_language_is_brought_whole(region, language):
    study = make_study(language="es")
    text, like = kinds_text(study, region), kinds_text(study, language)
    assert (text.language, text.title, text.wordings) == (region, like.title, like.wordings)
    assert missing_texts(study, text) == []


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "English is the study’s own language."),
        ("zh-tw", "do not speak 'zh-tw' by themselves"),
        ("ar", "do not speak 'ar' by themselves, but en, de, es"),
    ],
)
def test_what_a_kind_cannot_bring_is_refused(language, message):
    with pytest.raises(StudyError, match=message):
        kinds_text(make_study(), language)


def test_a_study_has_the_wordings_of_its_own_options():
    kind = get_kind("attribution")
    veil = wordings_in(kind, {"display": "veil"}, "de")
    assert "legend.veil" in veil
    assert "legend.rainbow" not in veil
    assert wordings_in(kind, {"display": "veil"}, "en") == {}
    assert wordings_in(kind, {"display": "veil"}, "ar") == {}


# --- what is missing, and what is wrong -------------------------------------------------------------------


def test_a_study_in_english_lacks_no_wordings_and_one_that_nobody_translated_all():
    for language in ("en", "en-us", "de", "de-at"):
        assert missing_wordings(make_study(language=language)) == []
    study = make_study(language="ar")
    assert missing_wordings(study) == list(get_kind("attribution").wordings(study.options))


def french_objects(**design) -> Study:
    run = make_run(make_cohyponym_prompt_set((("chat", "chien", True),)))
    options = {"objects": ["chat", "chien"]}
    return make_study("object_presence", run=run, prompt_language="fr", options=options, **design)


def test_an_english_study_of_prompts_in_another_language_lacks_the_names_of_its_objects():
    study = french_objects()
    assert missing_wordings(study) == ["objects.chat", "objects.chien"]
    assert languages_of(study)[0].has_page
    with pytest.raises(StudyError, match="is in English, in which it lacks words for “chat” and words for"):
        open_study(study=study)
    edit_texts(row=study, typed={"wordings": {"objects.chat": "cat", "objects.chien": "dog"}})
    open_study(study=study)
    study.refresh_from_db()
    assert languages_of(study)[0].has_page
    said = study.frozen_plan.settings["wordings"]
    assert (said["objects.chat"], said["none"]) == ("cat", "None of these objects")
    assert missing_wordings(make_study(prompt_language="fr")) == []  # no kind's code is French
    assert missing_wordings(make_study("object_presence", prompt_language="en-gb")) == []


def test_english_is_not_brought_to_names_in_another_language():
    text = kinds_text(french_objects(language="de"), "en")
    assert list(text.wordings) == ["question", "none"]
    assert missing_texts(text.study, text) == ["objects.chat", "objects.chien"]


def test_pay_is_wanted_where_the_study_speaks_of_it():
    silent, paying = make_study(), make_study(pay="5 euros")
    assert missing_texts(silent, add_arabic(silent)) == []
    text = add_arabic(paying)
    assert missing_texts(paying, text) == ["pay"]
    text.pay = "خمسة يورو"
    assert missing_texts(paying, text) == []


@pytest.mark.parametrize("empty", ["title", "consent", "instructions"])
def test_a_text_of_spaces_is_missing(empty):
    study = make_study()
    assert missing_texts(study, add_arabic(study, **{empty: " \n"})) == [empty]


def test_what_is_missing_is_said_by_its_english():
    study = make_study()
    assert in_words(study, ["title"]) == "the title"
    assert (
        in_words(study, ["consent", "pay", "5"])
        == "the consent, what annotators get and words for “excellent”"
    )
    many = missing_texts(study, StudyText(study=study, language="ar"))
    assert in_words(study, many).endswith("words for “bad” and 7 more")


@pytest.mark.parametrize("said", ["Wie gut?", "Wie gut passt „{word}“ zu „{word}“?", "Wie gut passt {Word}?"])
def test_the_word_of_a_task_stands_in_its_question_once(said):
    english = get_kind("attribution").wordings({"display": "veil"})
    assert "It has to have {word} once" in wording_problems(english, {"question": said})["question"]
    assert wording_problems(english, {"question": "Passt „{word}“?"}) == {}


@pytest.mark.parametrize("blank", ["", " ", "\N{SOFT HYPHEN}", "\N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE}"])
def test_what_nobody_sees_is_not_said(blank):
    study = make_study(language="de", pay="3 Euro")
    study.wordings["1"] = blank
    assert missing_wordings(study) == ["1"]
    row = add_arabic(study, title=blank, pay=blank)
    row.wordings["1"] = blank
    assert missing_texts(study, row) == ["title", "pay", "1"]
    problems = wording_problems(get_kind("attribution").wordings(study.options), {"1": blank, "2": blank})
    assert list(problems) == (["1", "2"] if blank else [])


def test_a_label_into_which_no_task_puts_anything_has_no_place_for_it():
    english = get_kind("attribution").wordings({"display": "veil"})
    assert wording_problems(english, {"5": "sehr {word}"}) == {
        "5": "Annotators would read {word} as it stands: no task puts anything in here."
    }
    assert "{wort}" in wording_problems(english, {"question": "Passt {word} zu {wort}?"})["question"]
    assert wording_problems(english, {"5": "sehr {gut"}) == {}


def test_two_things_that_annotators_could_not_tell_apart_are_found():
    english = {"objects.mouse": "mouse", "objects.rat": "rat", "objects.cat": "cat"}
    said = {"objects.mouse": "Maus", "objects.rat": "Ma\N{SOFT HYPHEN}uS", "objects.cat": "Katze"}
    assert wording_problems(english, said) == {
        "objects.rat": "“mouse” is said so already; annotators could not tell the two apart."
    }
    assert wording_problems(english, {"objects.mouse": "", "objects.rat": ""}) == {}


# --- which are offered ------------------------------------------------------------------------------------


def test_what_is_whole_is_offered_once_the_study_opens():
    study = make_study(languages=("de",))
    add_arabic(study, title="")
    assert [text.language for text in whole_texts(study)] == ["de"]
    assert offered_languages(study) == ["en"]
    open_study(study=study)
    assert offered_languages(study) == ["en", "de"]
    assert texts_in(study, "de").title == get_kind("attribution").translations["de"].texts.title
    for language in ("ar", "en", "fr", ""):
        assert texts_in(study, language) is study


def test_arabic_is_read_from_right_to_left():
    study = make_study()
    add_arabic(study)
    open_study(study=study)
    shown = texts_in(study, "ar")
    assert (shown.language, shown.direction) == ("ar", "rtl")
    assert shown.wordings == arabic_wordings(study)


# --- as researchers look at it ----------------------------------------------------------------------------


def test_researchers_are_told_what_is_missing_and_who_read_it():
    study = make_study(languages=("de", "es"))
    study.translations.filter(language="es").update(reviewed_by="Pilar Ruiz")
    add_arabic(study, instructions="")
    told = {
        each.tag: (each.english_name, each.name, each.missing, each.read_by) for each in languages_of(study)
    }
    assert told == {
        "en": ("English", "English", "", "nobody yet"),
        "ar": ("Arabic", "العربيّة", "the instructions", "nobody yet"),
        "de": ("German", "Deutsch", "", "nobody (machine, unreviewed)"),
        "es": ("Spanish", "Español", "", "Pilar Ruiz"),
    }
    assert [each.tag for each in languages_of(study) if each.has_page] == ["ar", "de", "es"]
    assert [each.tag for each in languages_of(study) if each.is_offered] == ["en"]


def test_what_a_speaker_wrote_anew_is_no_machines():
    study = make_study(languages=("de",))
    study.translations.update(wordings={key: f"Wort {key}" for key in arabic_wordings(study)})
    assert languages_of(study)[1].read_by == "nobody yet"


def test_of_an_opened_study_what_was_left_out_is_told():
    study = make_open_study(languages=("de",))
    add_arabic(study)  # past the services: no plan has it
    assert {each.tag: each.is_offered for each in languages_of(study)} == {
        "en": True,
        "ar": False,
        "de": True,
    }
