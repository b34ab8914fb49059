"""Languages by their tags: the direction they are written in, and which is nearest to what was asked for."""

import pytest

from daamweb.languages import direction_of, nearest

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
