"""In which languages a study speaks to its annotators, and what it says in each."""

from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.db import models

from daamweb.languages import LONGEST_TAG, is_tag


def check_tag(value: str) -> None:
    """Raises ValidationError."""
    if not is_tag(value):
        raise ValidationError(
            "“%(value)s” is no tag of a language; tags are such as en, de, zh-hans or ar, in small letters.",
            params={"value": value[:LONGEST_TAG]},
        )


def language_column(help_text: str) -> "models.CharField[str, str]":
    return models.CharField(
        max_length=LONGEST_TAG,
        default="en",
        validators=[check_tag],
        help_text=f"{help_text} A tag such as en, de, zh-hans or ar.",
    )


def reader_column(help_text: str) -> "models.CharField[str, str]":
    return models.CharField(
        "read by",
        max_length=200,
        blank=True,
        help_text=f"{help_text} Empty: nobody yet. When the texts are edited it is emptied, unless another "
        "name is given with them.",
    )


class ShownTexts(Protocol):
    """What annotators read, in one language: of a study in its own, of a StudyText in another one.

    `wordings`: what the kind says, by key, where that is not its English."""

    @property
    def language(self) -> str: ...

    @property
    def direction(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def consent(self) -> str: ...

    @property
    def instructions(self) -> str: ...

    @property
    def pay(self) -> str: ...

    @property
    def wordings(self) -> dict[str, Any]: ...
