"""Who read a study's texts stands for those that were read, and for no others."""

from dataclasses import replace

import pytest

from annotations.kinds.registry import get_kind
from annotations.services.languages import add_language, edit_texts
from annotations.services.studies import edit_draft
from daamweb.projects.models import Event
from tests.factories import make_study

pytestmark = pytest.mark.django_db
GERMAN = get_kind("attribution").translations["de"]


@pytest.mark.parametrize(
    ("design", "reader"),
    [
        ({}, "Ada"),
        ({"title": GERMAN.texts.title}, "Ada"),
        ({"title": "Anders"}, ""),
        ({"reviewed_by": "Bo"}, "Bo"),
        ({"title": "Anders", "reviewed_by": "Bo"}, "Bo"),
    ],
)
def test_who_read_what_the_kind_brings_read_a_study_that_says_just_that(monkeypatch, design, reader):
    kind = get_kind("attribution")
    translations = {**kind.translations, "de": replace(GERMAN, reviewed_by="Ada")}
    monkeypatch.setattr(type(kind), "translations", translations)
    assert make_study(language="de", **design).reviewed_by == reader
    assert make_study(languages=("de",)).translations.get().reviewed_by == "Ada"


@pytest.mark.parametrize(
    ("typed", "reader"),
    [
        ({"language": "zh-hans", "reviewed_by": "Ada"}, ""),
        ({"language": "zh-hans", "reviewed_by": "Bo"}, "Bo"),
        ({"title": "Anders"}, ""),
        ({"consent": "Anders", "reviewed_by": "Bo"}, "Bo"),
        ({"pay": "3 Euro"}, ""),
        ({"replicas": 2}, "Ada"),
        ({"reviewed_by": "Bo"}, "Bo"),
    ],
)
def test_whoever_read_a_draft_stands_for_what_it_said(typed, reader):
    study = make_study(language="de", reviewed_by="Ada")
    edit_draft(study=study, typed=typed)
    study.refresh_from_db()
    assert study.reviewed_by == reader


@pytest.mark.parametrize(
    ("typed", "reader"),
    [
        ({"title": "Otro", "reviewed_by": "Pilar"}, ""),
        ({"title": "Otro", "reviewed_by": "Juan"}, "Juan"),
        ({"wordings": {"1": "pésimo"}}, ""),
        ({"reviewed_by": "Juan"}, "Juan"),
    ],
)
def test_whoever_read_another_language_stands_for_what_it_said(typed, reader):
    row = add_language(study=make_study(), language="es")
    edit_texts(row=row, typed={"reviewed_by": "Pilar"})
    edit_texts(row=row, typed=typed)
    row.refresh_from_db()
    assert row.reviewed_by == reader
    expected = ["Pilar", reader]
    assert Event.objects.on(row)[0].details["reviewed_by"] == expected
