import json
from datetime import timedelta

import pytest

from annotations.measured import (
    FLAGS,
    MOST_CHARACTERS,
    MOST_SPANS,
    PAINTED,
    UNKNOWN,
    Measured,
    parse_measured,
)

SHA256 = "0123456789abcdef" * 4
WHOLE = {
    "answered": 9000,
    "painted": 1200,
    "first_input": 2000,
    "visible": [[1200, 3000], [4000, 9000]],
    "interrupted": True,
    "arrangement": "one screen",
    "scheme": "dark",
    "direction": "rtl",
    "language": "zh-hans",
    "input": "touch",
    "viewport": [360, 512],
    "picture": [170, 170],
    "pixel_ratio": 300,
    "enlarged": 1,
    "overlay_hidden": 2,
    "image_sha256": SHA256,
    "overlay_sha256": SHA256,
}


def parse(**changes: object) -> Measured:
    return parse_measured(json.dumps({**WHOLE, **changes}))


def test_what_a_page_says_is_read():
    measured = parse()
    layout = {name: WHOLE[name] for name in list(WHOLE)[5:]}
    assert measured == Measured(9000, 1200, 2000, ((1200, 3000), (4000, 9000)), layout, interrupted=True)
    assert measured.painted == PAINTED


def test_a_page_without_a_script_says_nothing():
    assert parse_measured("") == Measured()
    assert Measured().painted == UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        "null",
        "7",
        '"text"',
        "{",
        "[" * 3000,
        "{" + " " * MOST_CHARACTERS + "}",
        "\0",
        '{"a": 1e999}x',
    ],
)
def test_what_cannot_be_read_is_flagged(text):
    assert parse_measured(text) == Measured(flags=("unreadable",))


@pytest.mark.parametrize(
    ("name", "forged"),
    [
        ("first_input", -1),
        ("first_input", 4.5),
        ("first_input", True),
        ("first_input", "2000"),
        ("first_input", 10**30),
        ("first_input", {}),
        ("arrangement", "sideways"),
        ("scheme", ["dark"]),
        ("direction", "up"),
        ("language", "<b>"),
        ("language", "de" + "-latn" * 20),
        ("input", 7),
        ("viewport", [360]),
        ("viewport", [360, -1]),
        ("viewport", [360, 10**9]),
        ("viewport", "360x512"),
        ("picture", [170, 170.5]),
        ("pixel_ratio", 10**6),
        ("enlarged", -1),
        ("overlay_hidden", 10**6),
        ("image_sha256", SHA256.upper()),
        ("image_sha256", f"{SHA256}\n"),
        ("overlay_sha256", "x"),
    ],
)
def test_what_cannot_be_is_left_out_and_flagged(name, forged):
    measured, whole = parse(**{name: forged}), parse()
    assert measured.flags == ("damaged",)
    if name == "first_input":
        assert measured.first_input_milliseconds is None
    else:
        assert measured.layout == {key: value for key, value in whole.layout.items() if key != name}
    # The rest stands.
    assert (measured.milliseconds, measured.visible_spans) == (9000, whole.visible_spans)


@pytest.mark.parametrize(
    "forged",
    [
        [[3000, 1200]],
        [[1200, 3000], [2000, 9000]],
        [[1200]],
        [1200, 3000],
        "1200-3000",
        [[-1, 3000]],
        [[1200, None]],
        [[0, 1]] * (MOST_SPANS + 1),
    ],
)
def test_spans_that_cannot_follow_one_another_are_none_and_nothing_was_painted(forged):
    measured = parse(visible=forged)
    assert (measured.visible_spans, measured.painted, measured.flags) == ((), UNKNOWN, ("damaged",))


@pytest.mark.parametrize("changes", [{"painted": 9001}, {"answered": None}, {"visible": []}])
def test_nothing_was_painted_that_was_answered_before(changes):
    measured = parse(**changes)
    assert (measured.painted, measured.painted_milliseconds) == (UNKNOWN, None)
    assert measured.flags == ("damaged",)


def test_what_nobody_asked_for_is_not_kept():
    measured = parse(name="Ada", constructor="x" * 100)
    assert measured.flags == ("damaged",)
    assert set(measured.layout) == set(parse().layout)


def test_nothing_takes_longer_than_the_site_knows_of():
    cut = parse().bounded(timedelta(milliseconds=5000))
    assert (cut.milliseconds, cut.painted_milliseconds, cut.first_input_milliseconds) == (5000, 1200, 2000)
    assert cut.visible_spans == ((1200, 3000), (4000, 5000))
    assert cut.flags == ("bounded",)


def test_what_is_within_bounds_is_left_as_it_is():
    assert parse().bounded(timedelta(seconds=9)) == parse()


def test_nothing_takes_longer_than_a_day_nor_less_than_nothing():
    assert parse(answered=10**11).bounded(timedelta(days=3)).milliseconds == 24 * 60 * 60 * 1000
    assert parse().bounded(timedelta(seconds=-5)).milliseconds == 0


def test_every_flag_is_explained():
    assert {"unreadable", "damaged", "bounded"} <= set(FLAGS)
