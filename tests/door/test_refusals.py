"""Who is turned away at an annotator's address reads why in the browser's language, however odd the request
is."""

import pytest
from django.conf import settings

pytestmark = pytest.mark.django_db
LOGIN, STUDY = "/admin/login/", "/s/nothing-there/"
GERMAN = {"Accept-Language": "de-AT"}
TOO_LONG = {"CONTENT_LENGTH": str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}
TO_A_STUDY = "next=%2fs/a/"


@pytest.mark.parametrize(
    ("address", "query", "language"),
    [
        (STUDY, "", "de"),
        (LOGIN, TO_A_STUDY, "de"),
        (LOGIN, f"a=b&{TO_A_STUDY}", "de"),
        (LOGIN, "next=/admin/", "en"),
        (LOGIN, "xnext=/s/", "en"),
        ("/admin/", "", "en"),
        ("/nothing/", "", "en"),
    ],
)
def test_what_is_too_long_or_malformed_is_refused_in_the_language_of_who_reads_it(
    client, address, query, language
):
    long = client.generic("POST", address, QUERY_STRING=query, headers=GERMAN, **TOO_LONG)
    malformed = client.get(address, QUERY_STRING=f"{query}&q=%ff", headers=GERMAN)
    for answer, status in ((long, 413), (malformed, 400)):
        assert answer.status_code == status
        assert f'<html lang="{language}" dir="ltr">' in answer.text
        assert ("Accept-Language" in answer.get("Vary", "")) == (language == "de")
    assert ("größer als 256 KiB" if language == "de" else "larger than 256 KiB") in long.text


@pytest.mark.parametrize("address", [LOGIN, STUDY])
@pytest.mark.parametrize(
    "query",
    [
        100_000 * "%ff",
        100_000 * "a",
        f"{TO_A_STUDY}%00",
        f"{TO_A_STUDY}%ff",
        f"{TO_A_STUDY}caf\xe9",
        "next=%00/s/",
        "next=%00%00%00",
        "next[]=/s/&next",
        50_000 * "a&" + TO_A_STUDY,
        50_000 * "next=/s" + "%",
    ],
    ids=lambda query: query[:20],
)
@pytest.mark.parametrize("content_type", ["text/plain", "x; charset=klingon", ";;;="])
def test_no_query_breaks_the_choice_of_the_language(client, address, query, content_type):
    answer = client.get(address, QUERY_STRING=query, CONTENT_TYPE=content_type, headers=GERMAN)
    assert 200 <= answer.status_code < 500


@pytest.mark.parametrize(
    "header", ["\xff\xfe", "de\0", 100_000 * "de,", 100_000 * "d", "de;q=nan", "de;q=", "*;q=0", ";", ",,,"]
)
def test_no_header_breaks_the_choice_of_the_language(client, header):
    page = client.get(STUDY, QUERY_STRING="q=%ff", headers={"Accept-Language": header})
    assert page.status_code == 400
    assert "<html lang=" in page.text
