"""What a form carries of how its row was, and what comes back."""

import json

import pytest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from daamweb.projects.models import Action
from daamweb.projects.services.events import record
from daamweb.projects.shown import NOTHING, Shown, shown_in, shown_of
from tests.factories import make_study

pytestmark = pytest.mark.django_db


def form(text: str) -> QueryDict:
    posted = QueryDict(mutable=True)
    posted.update(MultiValueDict({"shown": [text]}))
    return posted


def test_what_was_shown_comes_back():
    study = make_study()
    last = record(Action.EDITED, subject=study, project=study.project, by=None)
    shown = shown_of(study, ["title", "share_cap"])
    assert shown.event == last.pk
    assert shown_in(form(str(shown))) == shown
    assert shown.moved(study, ["title", "share_cap"]) == []
    study.share_cap = 0.5
    assert shown.moved(study, ["title", "share_cap"]) == ["share_cap"]
    assert shown.moved(study, ["consent"]) == ["consent"]  # which was not shown


def test_texts_are_not_carried():
    study = make_study()
    study.consent = "A long text. " * 1000
    assert len(str(shown_of(study, ["consent"]))) < 100


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "[]", "{}", "null", "3", '{"event": 1}', '{"event": "1", "fields": {}}', "[" * 100_000,
        '{"event": -1, "fields": {}}', '{"event": 1, "fields": []}', '{"event": 1, "fields": "x"}',
        json.dumps({"event": 2**64, "fields": {}}), '{"event": true, "fields": {"a": 1}}x',
    ],
)  # fmt: skip
def test_what_no_form_of_ours_carries_is_nothing(text):
    assert shown_in(form(text)) == NOTHING
    assert shown_in(QueryDict()) == NOTHING


def test_values_of_any_type_are_told_apart():
    study = make_study()
    found = set()
    for value in (None, "", 0, 1, True, 1.5, "1", "null", [], {}):
        study.title = value
        found.add(shown_of(study, ["title"]).hashes["title"])
    assert len(found) == 10
    assert isinstance(shown_of(study, []), Shown)
