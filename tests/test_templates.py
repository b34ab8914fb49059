"""Templates hold no scripts and no styles of their own, which the content policy forbids; tests/browser/ asks
a browser about the pages that come of them. What annotators read in them can be translated."""

import re

import pytest

from tests.sources import SITE, sources

INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)

# Pages of an annotator's way, and those that anybody may come to. The first page's other half, and what
# base.html says of an account, are researchers'.
OF_ANNOTATORS = re.compile(
    r"templates/(annotations/(kinds/)?(?!entry_codes|erase_annotator|study_|home)\w+|door/\w+|account/login|\d\w+)"
    r"\.html"
)
MARKED = re.compile(r"{%\s*blocktranslate.*?{%\s*endblocktranslate\s*%}|{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
# Remarks, and names of styles.
UNREAD = re.compile(r"{% comment %}.*?{% endcomment %}|{% block layout %}[\w-]+{% endblock %}", re.DOTALL)
SPOKEN = re.compile(r"\s(?:alt|title|placeholder|aria-label)=\"([^\"]*)\"")
NAME_OF_SITE = "daamweb"


def unmarked(template: str) -> list[str]:
    """What a page says in English whatever its language is."""
    rest = MARKED.sub("", UNREAD.sub("", template))
    said = [*SPOKEN.findall(rest), *re.sub(r"<[^>]*>", "\n", rest).split("\n")]
    return [each.strip() for each in said if re.search(r"[^\W\d_]", each.replace(NAME_OF_SITE, ""))]


def test_what_annotators_read_can_be_translated():
    templates = {
        path: text for path, text in sources("templates", name="*.html") if OF_ANNOTATORS.fullmatch(path)
    }
    assert {"templates/404.html", "templates/annotations/task.html"} <= set(templates)
    assert {path: found for path, text in templates.items() if (found := unmarked(text))} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<p>Go on</p>", ["Go on"]),
        ('<img alt="A cat"><p>{{ name }}</p>', ["A cat"]),
        ('{% translate "Go on" %} here', ["here"]),
        ("{% blocktranslate %}Go <b>on</b>{% endblocktranslate %}", []),
        ('{% comment %}Why{% endcomment %}<a class="button" aria-label="{% translate "Go" %}">→ 1</a>', []),
        ("{% block title %}{{ study }} · daamweb{% endblock %}", []),
        ("{% block layout %}layout-text{% endblock %}", []),
    ],
)
def test_what_is_not_marked_is_found(text, found):
    assert unmarked(text) == found


def test_scripts_and_styles_are_files():
    templates = dict(sources("templates", *SITE, name="*.html"))
    assert {"templates/base.html", "templates/admin/service_change_list.html"} <= set(templates)
    assert [path for path, text in templates.items() if INLINE.search(text)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<style>p {}</style>", True),
        ('<p class="a" style="color: red">', True),
        ("<button onclick='go()'>", True),
        ('<a href="javascript:go()">', True),
        ("<script>go()</script>", True),
        ('<script type="module">go()</script>', True),
        ("<script src=\"{% static 'js/task.js' %}\" defer></script>", False),
        ('<link rel="stylesheet" href="page.css"><p class="styled" data-on="x">on = style</p>', False),
    ],
)
def test_what_is_inline_is_found(text, found):
    assert bool(INLINE.search(text)) is found
