"""What a study says in each language, what is missing, and which languages annotators are offered."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from annotations.errors import StudyError
from annotations.kinds.interface import Kind, Translation
from annotations.kinds.registry import get_kind
from annotations.models import Study, StudyText
from annotations.models.languages import ShownTexts
from daamweb.languages import english_name_of, name_of, nearest

ENGLISH = "en"
TEXT_FIELDS = ("title", "consent", "instructions", "pay", "wordings", "reviewed_by")
# What researchers call them.
TEXTS = {
    "title": "the title",
    "consent": "the consent",
    "instructions": "the instructions",
    "pay": "what annotators get",
}
MOST_NAMED = 5
# Where a wording has what differs from task to task, such as {word}.
_PLACE = re.compile(r"\{[a-z]+\}")
SOFT_HYPHEN = "\N{SOFT HYPHEN}"


def spoken_by(kind: Kind, language: str) -> Translation:
    """What the kind says in a language; in one that it does not speak, its English, to be translated."""
    return kind.translations.get(serves(kind, language) or ENGLISH) or Translation(kind.texts, {})


def wordings_in(kind: Kind, options: Mapping[str, Any], language: str) -> dict[str, str]:
    """What the kind has of a study's wordings in a language. Nothing for English, which is in its code."""
    known = spoken_by(kind, language).wordings
    return {key: known[key] for key in kind.wordings(options) if key in known}


def kinds_text(study: Study, language: str) -> StudyText:
    """What the study's kind says in another language, not stored. Raises StudyError for the study's own
    language, and for one that is not spoken by the kind."""
    kind = get_kind(study.kind)
    if language == study.language:
        raise StudyError(f"{english_name_of(language)} is the study’s own language.")
    served_by, spoken = serves(kind, language), spoken_by(kind, language)
    if served_by is None:
        raise StudyError(
            f"Studies of {kind.key} do not speak {language!r} by themselves, but {', '.join(speaks(kind))}; "
            "add other languages on the study’s page of languages."
        )
    brought = wordings_in(kind, study.options, language)
    if served_by == ENGLISH:
        foreign, english = _not_english(study), kind.wordings(study.options)
        brought = {key: said for key, said in english.items() if key not in foreign}
    return StudyText(
        study=study,
        language=language,
        title=spoken.texts.title,
        consent=spoken.texts.consent,
        instructions=spoken.texts.instructions,
        wordings=brought,
        reviewed_by=spoken.reviewed_by,
    )


def speaks(kind: Kind) -> list[str]:
    """The languages that the kind brings."""
    return [ENGLISH, *kind.translations]


def serves(kind: Kind, language: str) -> str | None:
    """Which of these is brought for a language: for `en-gb` English, for one like none of them nothing."""
    return nearest(language, speaks(kind))


def said_wordings(study: Study) -> dict[str, Any]:
    """What annotators read in the study's own language, be it stored or in the kind's code."""
    return {**get_kind(study.kind).wordings(study.options), **study.wordings}


def is_said(texts: Mapping[str, Any], key: str) -> bool:
    """Whether anything is there that can be seen: spaces and soft hyphens say nothing."""
    return any(sign.isprintable() and not sign.isspace() for sign in str(texts.get(key, "")))


def missing_wordings(study: Study) -> list[str]:
    """What has no words yet in the study's own language."""
    kind = get_kind(study.kind)
    wordings: Iterable[str] = kind.wordings(study.options)
    if serves(kind, study.language) == ENGLISH:
        wordings = _not_english(study)
    return [key for key in wordings if not is_said(study.wordings, key)]


def _not_english(study: Study) -> list[str]:
    """Of what the kind says, the names that stand in the prompts, where these are in another language."""
    if study.prompt_language.partition("-")[0] == ENGLISH:
        return []
    return get_kind(study.kind).prompt_wordings(study.options)


def missing_texts(study: Study, row: StudyText) -> list[str]:
    """What a language lacks before it can be offered; pay is wanted where the study speaks of it."""
    wanted = ["title", "consent", "instructions", *(["pay"] if study.pay else [])]
    missing = [name for name in wanted if not is_said(vars(row), name)]
    wordings = get_kind(study.kind).wordings(study.options)
    return missing + [key for key in wordings if not is_said(row.wordings, key)]


def in_words(study: Study, missing: Sequence[str]) -> str:
    """What is missing, by what researchers know it by: the English of wordings."""
    english = get_kind(study.kind).wordings(study.options)
    named = [TEXTS.get(key) or f"words for “{english.get(key, key)}”" for key in missing]
    if len(named) > MOST_NAMED + 1:
        named = [*named[:MOST_NAMED], f"{len(named) - MOST_NAMED} more"]
    *first, last = named
    return f"{', '.join(first)} and {last}" if first else last


def wording_problems(english: Mapping[str, str], wordings: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with wordings that were given, by key; that one is missing is no problem yet."""
    problems: dict[str, str] = {}
    known: dict[str, str] = {}
    for key in filter(wordings.get, english):
        said, places = wordings[key], _PLACE.findall(english[key])
        if not is_said(wordings, key):
            problems[key] = "There is nothing in it that can be seen."
            continue
        for place in {*places, *_PLACE.findall(said)}:
            if place not in places:
                problems[key] = f"Annotators would read {place} as it stands: no task puts anything in here."
            elif said.count(place) != 1:
                problems[key] = f"It has to have {place} once, where every task puts its own in."
        heard = said.replace(SOFT_HYPHEN, "").casefold()
        if (first := known.setdefault(heard, key)) != key:
            problems[key] = f"“{english[first]}” is said so already; annotators could not tell the two apart."
    return problems


def whole_texts(study: Study) -> list[StudyText]:
    """The languages of a draft, beside its own, in which nothing is missing. What is paid is of the study:
    where that pays nothing, no language says that it does."""
    rows = list(study.translations.exclude(language=study.language))
    for row in rows if not study.pay else ():
        row.pay = ""
    return [row for row in rows if not missing_texts(study, row)]


def offered_languages(study: Study) -> list[str]:
    """Of an opened study, its own first."""
    if study.plan_id is None:
        return [study.language]
    return [study.language, *(tag for tag in _offered_tags(study.slug) if tag != study.language)]


@lru_cache(maxsize=500)
def _offered_tags(slug: str) -> tuple[str, ...]:
    rows = StudyText.objects.filter(study__slug=slug, offered=True).order_by()
    return tuple(sorted(rows.values_list("language", flat=True)))


def texts_in(study: Study, language: str) -> ShownTexts:
    """What annotators read in one of the languages offered; for any other, in the study's own."""
    if language in ("", study.language):
        return study
    return _offered_text(study.slug, language) or study


@lru_cache(maxsize=500)
def _offered_text(slug: str, language: str) -> StudyText | None:
    """Kept by each process, since no answer is worth another question to the database: what is offered never
    changes, and no two studies ever have the same address."""
    return StudyText.objects.filter(study__slug=slug, language=language, offered=True).first()


@dataclass(frozen=True)
class StudyLanguage:
    """One language of a study, as its researchers look at it. `missing`: in words; empty if nothing is.
    `scale`: where the labels come from that the kind brings in it."""

    texts: Study | StudyText
    is_own: bool
    missing: str
    read_by: str
    scale: str

    @property
    def tag(self) -> str:
        return self.texts.language

    @property
    def english_name(self) -> str:
        return english_name_of(self.tag)

    @property
    def name(self) -> str:
        return name_of(self.tag)

    @property
    def is_offered(self) -> bool:
        """In a study that was opened."""
        return self.is_own or (isinstance(self.texts, StudyText) and self.texts.offered)

    @property
    def has_page(self) -> bool:
        """What a study says in its own language is on the study's page, but for what its kind says, of which
        the English is in the kind's code, unless somebody typed another, or the prompts are not English;
        `en-gb` may have words of its own in the place of some."""
        return not (self.is_own and self.tag == ENGLISH and not self.texts.wordings and not self.missing)


def languages_of(study: Study) -> list[StudyLanguage]:
    """Its own first."""
    others = study.translations.exclude(language=study.language)
    own = _seen(study, study, missing_wordings(study))
    return [own, *(_seen(study, row, missing_texts(study, row)) for row in others)]


def _seen(study: Study, texts: Study | StudyText, missing: Sequence[str]) -> StudyLanguage:
    return StudyLanguage(
        texts=texts,
        is_own=texts is study,
        missing=in_words(study, missing) if missing else "",
        read_by=texts.reviewed_by or _not_read(study, texts),
        scale=spoken_by(get_kind(study.kind), texts.language).scale.strip(),
    )


def _not_read(study: Study, texts: Study | StudyText) -> str:
    """Whether somebody wrote it here, or the kind brought it, of which nobody has read the language."""
    kind = get_kind(study.kind)
    brought = spoken_by(kind, texts.language)
    if brought.reviewed_by:
        return "nobody yet"
    is_theirs = any(texts.wordings.get(key) == said for key, said in brought.wordings.items())
    return "nobody (machine, unreviewed)" if is_theirs else "nobody yet"
