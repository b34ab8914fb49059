"""Languages by their tags: the direction they are written in, and which is nearest to what was asked for."""

import pytest

from daamweb.languages import accepted, direction_of, nearest, spoken_by_browser

RIGHT_TO_LEFT = (
    "ar ar-eg ckb dv fa he ks nqo ps ps-af sd syr ug ur yi "
    "pa-arab pa-arab-pk uz-arab yi-hebr ff-adlm rhg-rohg man-nkoo ku-arab"
)
LEFT_TO_RIGHT = (
    "en de-at zh-hans zh-hant-tw az pa uz ku xx de-1996 sl-rozaj "
    "ar-latn ur-latn-pk sd-deva ks-deva uz-cyrl yi-latn az-cyrl"
)


@pytest.mark.parametrize("tag", RIGHT_TO_LEFT.split())
def test_what_is_written_from_right_to_left_is_shown_so(tag):
    assert direction_of(tag) == "rtl"


@pytest.mark.parametrize("tag", LEFT_TO_RIGHT.split())
def test_what_is_written_from_left_to_right_is_shown_so(tag):
    assert direction_of(tag) == "ltr"


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("en", "en"),
        ("en-gb", "en"),
        ("en-us-posix", "en"),
        ("de-at", "de"),
        ("de-ch", "de-ch"),
        ("de-ch-1901", "de-ch"),
        ("zh", "zh-hans"),
        ("zh-cn", "zh-hans"),
        ("zh-sg", "zh-hans"),
        ("zh-hans-hk", "zh-hans"),
        ("zh-tw", None),
        ("zh-hk", None),
        ("zh-mo", None),
        ("zh-hant", None),
        ("zh-hant-cn", None),
        ("ar", None),
        ("den", None),
    ],
)
def test_the_nearest_language_is_the_one_with_less_in_its_tag_and_chinese_is_told_by_its_script(tag, found):
    assert nearest(tag, ["en", "de", "de-ch", "zh-hans"]) == found


@pytest.mark.parametrize(
    ("header", "offered", "found"),
    [
        ("zh-TW", "en zh-hans zh-hant", "zh-hant"),
        ("zh-HK,zh;q=0.9", "en zh-hans zh-hant", "zh-hant"),
        ("zh-MO", "en zh-hans zh-tw", "zh-tw"),
        ("zh-Hant-CN", "zh-hans zh-hant", "zh-hant"),
        ("zh-CN", "zh-hant zh-hans", "zh-hans"),
        ("zh-SG", "zh-hant zh-hans", "zh-hans"),
        ("zh", "zh-hant zh-hans", "zh-hans"),
        ("zh-TW", "en zh-hans", "zh-hans"),
        ("zh-CN", "en zh-hant", "zh-hant"),
        ("de-AT", "en de-ch de", "de"),
        ("de-AT", "en de-ch", "de-ch"),
        ("de", "en de-at", "de-at"),
        ("en, de;q=0", "fr de", None),
        ("en;q=0, de;q=0.1", "en de", "de"),
        ("de;q=0.000, fr;q=0.001", "de fr", "fr"),
        ("*", "fr de", None),
        ("fr", "en de", None),
        ("", "en", None),
        ("de;q=2", "de", None),
        (",".join(["x-" + "y" * 8] * 10_000), "de", None),
        ("d" * 100_000, "de", None),
        ("de\0", "de", None),
    ],
)
def test_the_browsers_first_language_that_is_offered_is_chosen(rf, header, offered, found):
    assert accepted(rf.get("/", headers={"Accept-Language": header}), offered.split()) == found


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("de-AT", "de"),
        ("zh-TW", "zh-hans"),
        ("ar, es;q=0.5", "es"),
        ("de;q=0", "en"),
        ("ar", "en"),
        ("", "en"),
    ],
)
def test_the_site_speaks_as_the_browser_asks_and_heeds_no_cookie(rf, header, found):
    rf.cookies["django_language"] = "es"
    assert spoken_by_browser(rf.get("/", headers={"Accept-Language": header})) == found
