"""A researcher's pages of a study's languages."""

import html
import re

import pytest

from annotations.kinds.object_presence.options import MOST_OBJECTS
from annotations.kinds.registry import get_kind
from annotations.services.openings import open_study
from tests.annotations.admin.pages import change_page
from tests.annotations.arabic import TEXTS, add_arabic, arabic_wordings
from tests.annotations.views.language_pages import page_of, stored, typed_texts
from tests.edits import shown_on
from tests.factories import make_cohyponym_prompt_set, make_open_study, make_run, make_study
from tests.projects.views.forms import lost, text_of

pytestmark = pytest.mark.django_db
ARABIC = '<span lang="ar" dir="rtl">العربيّة</span>'


# --- the list ---------------------------------------------------------------------------------------------


def test_the_studys_page_leads_to_its_languages(researcher_client):
    study = make_study()
    assert f'href="{page_of(study)}"' in researcher_client.get(change_page(study)).text


def test_the_list_says_what_is_missing_and_who_read_it(researcher_client):
    study = make_study(languages=("de",))
    add_arabic(study, title="")
    page = researcher_client.get(page_of(study)).text
    assert f'<a href="{page_of(study, "ar")}">Arabic</a> {ARABIC}' in page
    assert f'href="{page_of(study, "en")}"' not in page
    rows = [
        html.unescape(re.sub(r"<[^>]+>", " ", row)) for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    ]
    cells = [" ".join(row.split()) for row in rows]
    assert cells[1:] == [
        "English (the study’s own) when it opens nothing nobody yet",
        "Arabic العربيّة not yet the title nobody yet Remove",
        "German Deutsch when it opens nothing nobody (machine, unreviewed) Remove",
    ]
    open_study(study=study)
    page = text_of(researcher_client.get(page_of(study)), 200)
    assert "<td>yes</td> <td>nothing</td> <td>nobody (machine, unreviewed)</td>" in page
    assert "<td>no</td> <td>the title</td>" in page
    assert "They were frozen with the plan." in page


def test_a_language_of_the_kind_is_added_by_its_button_and_any_other_by_its_tag(researcher_client):
    study = make_study(languages=("de",))
    page = researcher_client.get(page_of(study)).text
    assert re.findall(r'name="language" value="([^"]+)"', page) == ["es", "zh-hans"]
    answer = researcher_client.post(page_of(study), {"language": "es"})
    assert answer.headers["Location"] == page_of(study, "es")
    answer = researcher_client.post(page_of(study), {"language": " AR "})
    assert answer.headers["Location"] == page_of(study, "ar")
    assert (
        "Missing: the title, the consent, the instructions, words for"
        in researcher_client.get(page_of(study, "ar")).text
    )
    assert set(study.translations.values_list("language", flat=True)) == {"ar", "de", "es"}


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "This field is required."),
        ("german", "“german” is no tag of a language"),
        ("de", "The study has German already."),
        ("en", "English is the study’s own language."),
        ("x" * 21, "at most 20 characters"),
    ],
)
def test_what_cannot_be_added_is_said_at_the_field(researcher_client, typed, message):
    study = make_study(languages=("de",))
    answer = researcher_client.post(page_of(study), {"language": typed})
    assert message in text_of(answer, 422)
    assert study.translations.count() == 1


def test_a_language_is_removed_once_it_was_asked(researcher_client):
    study = make_study(languages=("de",))
    study.translations.update(reviewed_by="Ada")
    address = page_of(study, "de") + "remove/"
    page = text_of(researcher_client.post(address), 200)
    assert "What was typed in German is deleted, and cannot be brought back; Ada read it." in page
    assert f'action="{address}"' in page
    assert study.translations.exists()
    answer = researcher_client.post(address, {"confirmed": "yes"}, follow=True)
    assert "Removed: what the study says in German." in answer.text
    assert not study.translations.exists()
    answer = researcher_client.post(address, {"confirmed": "yes"}, follow=True)
    assert "The study has no German texts beside its own." in answer.text


def test_of_an_opened_study_nothing_is_added_or_removed(researcher_client):
    study = make_open_study(languages=("de",))
    page = researcher_client.get(page_of(study)).text
    assert "Add a language" not in page
    assert "Remove" not in page
    assert "is open, and not a draft" in text_of(
        researcher_client.post(page_of(study), {"language": "es"}), 422
    )
    answer = researcher_client.post(page_of(study, "de") + "remove/", follow=True)
    assert "is open, and not a draft" in answer.text
    assert study.translations.get().language == "de"


# --- one language -----------------------------------------------------------------------------------------


def test_texts_are_typed_in_the_direction_of_their_language_beside_the_studys_own(researcher_client):
    study = make_study(title="What is <red>?")
    add_arabic(study)
    page = researcher_client.get(page_of(study, "ar")).text
    assert f"<h1>Arabic · {ARABIC}</h1>" in page
    title = re.search(r'<input type="text" name="title"[^>]*>', page)[0]
    assert 'lang="ar" dir="rtl"' in title
    assert 'lang="ar" dir="rtl"' in re.search(r'<textarea name="consent"[^>]*>', page)[0]
    assert "lang" not in re.search(r'name="reviewed_by"[^>]*>', page)[0]
    assert '<div class="source" lang="en" dir="ltr"><p>What is &lt;red&gt;?</p></div>' in page
    assert 'name="pay"' not in page
    labels = re.findall(r'<label for="id_wording_\d+">([^<]*)</label>', page)
    assert [html.unescape(label).rstrip(":") for label in labels] == list(
        get_kind("attribution").wordings(study.options).values()
    )


def test_where_the_labels_of_a_scale_are_from_is_told_beside_them(researcher_client):
    study = make_study(languages=("de",))
    add_arabic(study)
    told = "Where the labels of the answers that come with the kind of task are from: "
    german = text_of(researcher_client.get(page_of(study, "de")), 200)
    assert told + " ".join(get_kind("attribution").translations["de"].scale.split()) in german
    assert told not in researcher_client.get(page_of(study, "ar")).text
    open_study(study=study)
    assert told in researcher_client.get(page_of(study, "de")).text


def test_objects_stand_in_a_list_of_their_own(researcher_client):
    study = make_study("object_presence", languages=("de",), options={"objects": ["cat", "dog"]})
    form = researcher_client.get(page_of(study, "de")).context["form"]
    groups = {legend: [(each.source, each.value) for each in entries] for legend, entries in form.groups()}
    assert list(groups) == ["Question and answers", "Objects"]
    assert groups["Objects"] == [("cat", "Katze"), ("dog", "Hund")]


def test_as_many_objects_as_a_study_may_have_are_stored(researcher_client):
    names = ["cat", "dog", *(f"object {number}" for number in range(MOST_OBJECTS - 2))]
    study = make_study("object_presence", languages=("de",), options={"objects": names})
    address = page_of(study, "de")
    wordings = {f"wording_{number}": f"Ding {number}" for number in range(2, MOST_OBJECTS + 2)}
    sent = typed_texts(researcher_client, address, **wordings)
    answer = researcher_client.post(address, sent, follow=True)
    assert "Nothing is missing." in answer.text
    assert len(stored(study, "de")["wordings"]) == MOST_OBJECTS + 2


def test_texts_are_stored_and_what_is_missing_is_said(researcher_client):
    study = make_study(pay="5 euros")
    add_arabic(study, wordings={})
    address = page_of(study, "ar")
    wordings = {f"wording_{number}": said for number, said in enumerate(arabic_wordings(study).values())}
    sent = typed_texts(
        researcher_client, address, pay="خمسة يورو", reviewed_by="Layla", consent="أ\r\nب", **wordings
    )
    answer = researcher_client.post(address, {**sent, "title": ""}, follow=True)
    assert "Stored: what the study says in Arabic." in answer.text
    assert "Missing: the title." in answer.text
    assert stored(study, "ar") == {
        "title": "", "pay": "خمسة يورو", "wordings": arabic_wordings(study), "reviewed_by": "Layla",
    }  # fmt: skip
    assert study.translations.get().consent == "أ\nب"
    sent = typed_texts(researcher_client, address, title=TEXTS["title"])
    answer = researcher_client.post(address, sent, follow=True)
    assert "Nothing is missing. Annotators are offered it when the study opens." in answer.text


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"wording_0": "ما هذا؟"}, "It has to have {word} once"),
        ({"wording_1": "جيد", "wording_2": "جيد"}, "“bad” is said so already"),
        ({"wording_1": "x" * 201}, "at most 200 characters"),
        ({"title": "x" * 201}, "at most 200 characters"),
    ],
)
def test_a_mistake_is_shown_at_its_field_with_everything_typed_still_there(researcher_client, typed, message):
    study = make_study()
    add_arabic(study)
    address = page_of(study, "ar")
    sent = typed_texts(researcher_client, address, **{"instructions": "كتبت بعناية", **typed})
    answer = researcher_client.post(address, sent)
    assert message in text_of(answer, 422)
    assert "كتبت بعناية" in answer.text
    assert list(answer.context["form"].errors) == [list(typed)[-1]]
    assert stored(study, "ar")["wordings"] == arabic_wordings(study)
    assert shown_on(answer.text) == sent["shown"]


def test_an_english_study_is_given_english_names_of_what_is_called_otherwise_in_its_prompts(
    researcher_client,
):
    run = make_run(make_cohyponym_prompt_set((("chat", "chien", True),)))
    options = {"objects": ["chat", "chien"]}
    study = make_study("object_presence", run=run, prompt_language="fr", options=options)
    address = page_of(study, "en")
    assert f'<a href="{address}">English</a>' in researcher_client.get(page_of(study)).text
    assert "Missing: words for “chat” and words for “chien”." in researcher_client.get(address).text
    sent = typed_texts(researcher_client, address, wording_2="cat", wording_3="dog")
    assert "Nothing is missing." in researcher_client.post(address, sent, follow=True).text
    open_study(study=study)
    page = researcher_client.get(address).text
    assert '<dd lang="en" dir="ltr">cat</dd>' in page
    assert '<dd lang="en" dir="ltr">None of these objects</dd>' in page


def test_of_the_studys_own_language_only_what_the_kind_says_is_edited_here(researcher_client):
    study = make_study(language="de")
    address = page_of(study, "de")
    page = researcher_client.get(address).text
    assert 'name="title"' not in page
    assert f'href="{change_page(study)}">the study’s page</a>' in page
    sent = typed_texts(researcher_client, address, wording_1="übel", reviewed_by="Ada")
    researcher_client.post(address, sent)
    study.refresh_from_db()
    assert (study.wordings["1"], study.reviewed_by) == ("übel", "Ada")
    assert researcher_client.get(page_of(make_study(), "en")).status_code == 404
    assert researcher_client.get(page_of(study, "fr")).status_code == 404


def test_whoever_read_what_was_edited_is_asked_for_again(researcher_client):
    study = make_study(languages=("de",))
    address = page_of(study, "de")
    sent = typed_texts(researcher_client, address, reviewed_by="Ada")
    assert "read it as it was" not in researcher_client.post(address, sent, follow=True).text
    sent = typed_texts(researcher_client, address, title="Anders")
    page = researcher_client.post(address, sent, follow=True).text
    assert "Ada read it as it was. Give the name again once they have read it anew." in page
    assert stored(study, "de")["reviewed_by"] == ""
    sent = typed_texts(researcher_client, address, reviewed_by="Ada")
    researcher_client.post(address, sent)
    assert stored(study, "de")["reviewed_by"] == "Ada"


def test_of_an_opened_study_the_texts_are_looked_at(researcher_client):
    study = make_study(languages=("de",))
    address = page_of(study, "de")
    sent = typed_texts(researcher_client, address, title="Anders")
    open_study(study=study)
    page = researcher_client.get(address).text
    assert "The plan is frozen" in page
    assert 'name="title"' not in page
    title = get_kind("attribution").translations["de"].texts.title
    assert f'<div lang="de" dir="ltr"><p>{title}</p></div>' in page
    assert '<dd lang="de" dir="ltr">schlecht</dd>' in page
    lost(researcher_client.post(address, sent), 409, "Anders")
    assert stored(study, "de")["title"] == title
