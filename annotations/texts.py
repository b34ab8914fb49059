"""What a study says in each language, what is missing, and which languages annotators are offered."""

from collections.abc import Mapping
from typing import Any

from annotations.errors import StudyError
from annotations.kinds.interface import Kind, Translation
from annotations.kinds.registry import get_kind
from annotations.models import Study, StudyText
from annotations.models.languages import ShownTexts
from daamweb.languages import english_name_of

ENGLISH = "en"
TEXT_FIELDS = ("title", "consent", "instructions", "pay", "wordings", "reviewed_by")


def spoken_by(kind: Kind, language: str) -> Translation:
    """What the kind says in a language; in one that it does not speak, its English, to be translated."""
    return kind.translations.get(language) or Translation(kind.texts, {})


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
    if language == ENGLISH:
        spoken, wordings = Translation(kind.texts, {}), kind.wordings(study.options)
    elif language in kind.translations:
        spoken, wordings = kind.translations[language], wordings_in(kind, study.options, language)
    else:
        raise StudyError(
            f"Studies of {kind.key} do not speak {language!r} by themselves, but {', '.join(speaks(kind))}; "
            "add other languages on the study’s page of languages."
        )
    return StudyText(
        study=study,
        language=language,
        title=spoken.texts.title,
        consent=spoken.texts.consent,
        instructions=spoken.texts.instructions,
        wordings=wordings,
        reviewed_by=spoken.reviewed_by,
    )


def speaks(kind: Kind) -> list[str]:
    """The languages that the kind brings."""
    return [ENGLISH, *kind.translations]


def missing_wordings(study: Study) -> list[str]:
    """What has no words yet in the study's own language."""
    if study.language == ENGLISH:
        return []
    return [key for key in get_kind(study.kind).wordings(study.options) if not study.wordings.get(key)]


def missing_texts(study: Study, row: StudyText) -> list[str]:
    """What a language lacks before it can be offered; pay is wanted where the study speaks of it."""
    wanted = ["title", "consent", "instructions", *(["pay"] if study.pay else [])]
    missing = [name for name in wanted if not getattr(row, name).strip()]
    wordings = get_kind(study.kind).wordings(study.options)
    return missing + [key for key in wordings if not str(row.wordings.get(key, "")).strip()]


def whole_texts(study: Study) -> list[StudyText]:
    """The languages of a draft, beside its own, in which nothing is missing."""
    rows = study.translations.exclude(language=study.language)
    return [row for row in rows if not missing_texts(study, row)]


def offered_languages(study: Study) -> list[str]:
    """Of an opened study, its own first."""
    others = study.translations.filter(offered=True).exclude(language=study.language)
    return [study.language, *others.values_list("language", flat=True)]


def texts_in(study: Study, language: str) -> ShownTexts:
    """What annotators read in one of the languages offered; for any other, in the study's own. The long texts
    are read when they are shown."""
    if language in ("", study.language):
        return study
    rows = study.translations.filter(language=language, offered=True).defer("consent", "instructions")
    return next(iter(rows.order_by()), None) or study
