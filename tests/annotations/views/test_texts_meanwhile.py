"""A researcher's page of a language that somebody else changes meanwhile, or only looks at."""

import pytest

from annotations.services.languages import edit_texts, remove_language
from daamweb.projects.models import Role
from tests.annotations.arabic import add_arabic
from tests.annotations.views.language_pages import page_of, stored, typed_texts
from tests.edits import shown_on
from tests.factories import make_study
from tests.projects.views.forms import lost, text_of

pytestmark = pytest.mark.django_db


def test_what_somebody_else_stored_meanwhile_is_shown_and_what_was_typed_is_kept(researcher_client):
    study = make_study()
    row = add_arabic(study)
    address = page_of(study, "ar")
    sent = typed_texts(researcher_client, address, wording_1="سيئ")
    edit_texts(row=row, typed={"title": "عنوان آخر", "wordings": {**row.wordings, "2": "ضعيف"}})
    answer = researcher_client.post(address, sent)
    page = text_of(answer, 409)
    assert "Nothing was stored: somebody changed this meanwhile" in page
    form = answer.context["form"]
    assert form["wording_1"].value() == "سيئ"
    assert 'Stored now: <bdi lang="ar">ضعيف</bdi>' in answer.text.replace(' dir="rtl"', "")
    assert stored(study, "ar")["title"] == "عنوان آخر"
    again = {name: form[name].value() or "" for name in form.fields}
    again |= {"wording_2": "ضعيف", "title": "عنوان آخر", "shown": shown_on(answer.text)}
    assert researcher_client.post(address, again).status_code == 302
    assert stored(study, "ar")["wordings"] == {**row.wordings, "1": "سيئ", "2": "ضعيف"}


def test_texts_that_somebody_removed_meanwhile_can_be_copied(researcher_client):
    study = make_study()
    row = add_arabic(study)
    sent = typed_texts(researcher_client, page_of(study, "ar"), title="عنوان")
    remove_language(row=row)
    lost(researcher_client.post(page_of(study, "ar"), sent), 404, "عنوان")


def test_observers_look_and_change_nothing(member_client):
    study = make_study(languages=("de",))
    client = member_client(Role.OBSERVER)
    listed, page = client.get(page_of(study)).text, client.get(page_of(study, "de")).text
    assert "Add a language" not in listed
    assert "Remove" not in listed
    assert 'name="title"' not in page
    assert "schlecht" in page
    for address in (page_of(study), page_of(study, "de"), page_of(study, "de") + "remove/"):
        assert client.post(address, {"language": "es"}).status_code == 403
    sent = {"shown": "{}", "title": "Anders"}
    lost(client.post(page_of(study, "de"), sent), 403, "Anders")
