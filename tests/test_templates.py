"""Templates hold no scripts and no styles of their own, which the content policy forbids; tests/browser/ asks
a browser about the pages that come of them."""

import re

import pytest

from tests.sources import SITE, sources

INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)


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
