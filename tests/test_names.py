"""What a name may be: one line of text, of any script and with any sign."""

import pytest

from daamweb.names import LONGEST_NAME, name_problem


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "0",
        "Main",
        "Ann's set",
        'double "quotes" & <b>markup</b>',
        "<script>alert(1)</script>",
        "{{ settings.SECRET_KEY }} {% now 'Y' %}",
        "'; DROP TABLE study; --",
        "../../etc/passwd",
        "%s %(name)s {0}",
        "Überblick",
        "объекты",
        "هجين",
        "עברית ו-English",
        "物の絵",
        "हिन्दी",
        "क्\u200dष",  # with a joiner, as some scripts need it
        "🦄 👩‍👩‍👧‍👦 🏳️‍🌈",
        "x" * LONGEST_NAME,
        "🦄" * LONGEST_NAME,
        "a  b",
        "a\u00a0b",
        "\u200fعربي",  # a mark of direction turns nothing around it
    ],
)
def test_any_line_of_text_is_a_name(name):
    assert name_problem(name) == ""


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "A name is needed"),
        ("   ", "A name is needed"),
        ("\n\t", "A name is needed"),
        ("\u3000\u2003", "A name is needed"),  # wide spaces
        ("\u200b", "A name is needed"),  # of no width
        ("\u200d\ufeff\u0301", "A name is needed"),
        (" a", "does not begin or end with a space"),
        ("a ", "does not begin or end with a space"),
        ("a\n", "does not begin or end with a space"),
        ("\u00a0a", "does not begin or end with a space"),
        ("a\u2003", "does not begin or end with a space"),
        ("a\nb", "one line of text"),
        ("a\r\nb", "one line of text"),
        ("a\tb", "without control characters"),
        ("a\x00b", "without control characters"),
        ("a\x1b[31mb", "without control characters"),
        ("a\x7fb", "without control characters"),
        ("a\x85b", "without control characters"),
        ("a\u2028b", "one line of text"),
        ("a\u2029b", "one line of text"),
        ("a\ud800b", "without control characters"),  # half of a sign: no database stores it
        *((f"a{sign}b", "turn the direction of text") for sign in "\u202a\u202b\u202c\u202d\u202e"),
        *((f"a{sign}b", "turn the direction of text") for sign in "\u2066\u2067\u2068\u2069"),
        ("x" * (LONGEST_NAME + 1), "100 characters at most; this one has 101"),
        ("x" * 10_000, "100 characters at most; this one has 10000"),
    ],
)
def test_what_is_no_line_of_text_is_refused_with_the_reason(name, problem):
    found = name_problem(name)
    assert problem in found
    assert found.endswith(".")


def test_the_longest_name_can_be_another():
    assert name_problem("abcd", longest=4) == ""
    assert "4 characters at most; this one has 5" in name_problem("abcde", longest=4)
