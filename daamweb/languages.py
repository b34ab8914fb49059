"""Languages by their tags (BCP 47, in small letters): `de`, `zh-hans`, `ar`.

What the site itself says is there in settings.LANGUAGES. What a study says may be in any language.
"""

import re
from collections.abc import Callable, Collection, Iterable

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

LONGEST_TAG = 20  # the longest that rows hold
_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
# How a language is written stands in its tag where that is not as usual: `uz-arab`.
_SCRIPT = re.compile(r"-([a-z]{4})(?=-|$)")
_RIGHT_TO_LEFT_SCRIPTS = {"adlm", "arab", "hebr", "nkoo", "rohg", "syrc", "thaa"}
# Django knows few of these, and takes Azerbaijani for one.
_RIGHT_TO_LEFT = {"ar", "ckb", "dv", "fa", "he", "ks", "lrc", "mzn", "nqo", "pnb", "prs", "ps"}
_RIGHT_TO_LEFT |= {"sd", "syr", "ug", "ur", "yi"}
# Where Chinese is written in traditional characters; elsewhere in simplified ones.
_TRADITIONAL = {"hant", "tw", "hk", "mo"}
# Where annotators are; researchers' pages are English.
_ANNOTATORS = "/s/"
_LEADS_TO_THEM = re.compile(r"(^|&)next=(/|%2F)s(/|%2F)", re.IGNORECASE)


def is_tag(text: str) -> bool:
    """Whether it has the form of a tag."""
    return len(text) <= LONGEST_TAG and _TAG.fullmatch(text) is not None


def direction_of(tag: str) -> str:
    """In which direction the language is written: "ltr" or "rtl"."""
    if script := _SCRIPT.search(tag):
        return "rtl" if script[1] in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if tag.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


def name_of(tag: str) -> str:
    """What its speakers call it; the tag itself where Django does not know."""
    info = LANG_INFO.get(tag) or LANG_INFO.get(tag.partition("-")[0], {})
    name: str = info.get("name_local", tag)
    return name[:1].upper() + name[1:]


def english_name_of(tag: str) -> str:
    info = LANG_INFO.get(tag) or LANG_INFO.get(tag.partition("-")[0], {})
    name: str = info.get("name", tag)
    return name


def translated_name_of(tag: str) -> str:
    """In the language that is spoken at the moment."""
    return translation.gettext(english_name_of(tag))


def nearest(tag: str, spoken: Collection[str]) -> str | None:
    """Which of these languages serves for this one: for `de-at` German, if nothing is nearer."""
    return next((each for each in _wider(tag) if each in spoken), None)


def _wider(tag: str) -> list[str]:
    """The tag itself, then ever less of it. What is left of Chinese is how it is written, for who reads one
    script need not read the other."""
    parts = tag.split("-")
    found = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
    if parts[0] != "zh":
        return found
    is_simplified = "hans" in parts or not _TRADITIONAL.intersection(parts)
    return [*found, "zh-hans"] if is_simplified else [*found[:-1], "zh-hant"]


def interface_language(tag: str) -> str:
    """The nearest of the languages that the site itself speaks; English where it speaks none like it."""
    try:
        return translation.get_supported_language_variant(tag)
    except LookupError:
        return "en"


def accepted(request: HttpRequest, offered: Iterable[str]) -> str | None:
    """Which of these languages the browser would rather have; None where it asks for none of them."""
    by_tag = list(offered)
    for asked, quality in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if quality and (found := _nearest_kin(asked, by_tag)):
            return found
    return None


def _nearest_kin(tag: str, offered: Collection[str]) -> str | None:
    """Whoever asks for the German of Austria reads that of Switzerland, too, and of two sorts of Chinese
    rather the one in the same script."""
    kin = [each for each in offered if each.partition("-")[0] == tag.partition("-")[0]]
    alike = [each for each in kin if _wider(each)[-1] == _wider(tag)[-1]]
    return nearest(tag, kin) or next(iter(alike or kin), None)


def spoken_by_browser(request: HttpRequest) -> str:
    """Which of the site's languages the browser asks for."""
    return accepted(request, (tag for tag, _ in settings.LANGUAGES)) or "en"


def is_for_annotators(request: HttpRequest) -> bool:
    """Pages of studies, and the log-in that leads to one. Looks at the query as it was sent: nobody has
    judged yet whether it is well-formed, and Django would decode it by a codec that the request names."""
    query = request.META.get("QUERY_STRING", "")
    return request.path.startswith(_ANNOTATORS) or _LEADS_TO_THEM.search(query) is not None


def speak_to_visitors(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """What annotators are told begins in their browser's language, until a view knows better; all else is
    English. Whatever a view chose ends with its answer."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        is_theirs = is_for_annotators(request)
        with translation.override(spoken_by_browser(request) if is_theirs else "en"):
            response = get_response(request)
        if is_theirs:
            patch_vary_headers(response, ["Accept-Language"])
        return response

    return middleware
