"""Languages by their tags: the direction they are written in, and which is nearest to what was asked for."""

import pytest

from daamweb.languages import direction_of


@pytest.mark.parametrize(
    "tag",
    "ar ar-eg ckb dv fa he ks nqo ps ps-af sd syr ug ur yi "
    "pa-arab pa-arab-pk uz-arab yi-hebr ff-adlm rhg-rohg man-nkoo ku-arab".split(),
)
def test_what_is_written_from_right_to_left_is_shown_so(tag):
    assert direction_of(tag) == "rtl"


@pytest.mark.parametrize(
    "tag",
    "en de-at zh-hans zh-hant-tw az pa uz ku xx de-1996 sl-rozaj "
    "ar-latn ur-latn-pk sd-deva ks-deva uz-cyrl yi-latn az-cyrl".split(),
)
def test_what_is_written_from_left_to_right_is_shown_so(tag):
    assert direction_of(tag) == "ltr"
