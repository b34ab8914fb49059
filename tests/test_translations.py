"""What annotators' pages say is said in every language that the site speaks."""

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation import to_locale

FOLDER = Path(settings.LOCALE_PATHS[0])
LOCALES = [to_locale(language) for language, _ in settings.LANGUAGES if language != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%")
TAG = re.compile(r"<[^>]+>")


def catalogue(locale: str) -> polib.POFile:
    return polib.pofile(str(FOLDER / locale / "LC_MESSAGES" / "django.po"))


def said(entry: polib.POEntry) -> list[tuple[str, str]]:
    """(English, translated) of an entry; of a plural each form with its English."""
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    forms = entry.msgstr_plural
    return [
        (entry.msgid if number == 0 and len(forms) > 1 else entry.msgid_plural, forms[number])
        for number in forms
    ]


@pytest.mark.parametrize("locale", LOCALES)
def test_everything_is_translated(locale):
    found = catalogue(locale)
    assert len(found) > 200
    assert [entry.msgid for entry in found if not entry.translated() or entry.fuzzy or entry.obsolete] == []


def test_all_languages_say_the_same():
    each = [{(entry.msgctxt, entry.msgid) for entry in catalogue(locale)} for locale in LOCALES]
    assert all(one == each[0] for one in each)


@pytest.mark.parametrize("locale", LOCALES)
def test_values_and_links_are_where_they_were(locale):
    for entry in catalogue(locale):
        for english, translated in said(entry):
            assert sorted(PLACEHOLDER.findall(translated)) == sorted(PLACEHOLDER.findall(english)), english
            assert sorted(TAG.findall(translated)) == sorted(TAG.findall(english)), english


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_compiled_is_what_is_written(locale):
    written = catalogue(locale)
    compiled = polib.mofile(str(FOLDER / locale / "LC_MESSAGES" / "django.mo"))

    def texts(found: polib.POFile | polib.MOFile) -> dict:
        return {(each.msgctxt, each.msgid): (each.msgstr, each.msgstr_plural) for each in found}

    assert texts(compiled) == texts(written)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalogue_says_who_read_it(locale):
    assert re.search(r"^Read by: \S", catalogue(locale).header, re.MULTILINE)
