"""What object-presence studies say in English; other languages stand in `translations`, by the same keys."""

from collections.abc import Mapping
from typing import Any

QUESTION = "Which of these objects are in the picture?"
NONE = "None of these objects"


def wordings_of(options: Mapping[str, Any]) -> dict[str, str]:
    """Of a study: the question, and what its objects are called. An object's name on the study's list is its
    code, which is what is stored; it is also what it is called in the language of the prompts."""
    objects = {object_key(name): name for name in options.get("objects", ())}
    return {"question": QUESTION, "none": NONE, **objects}


def object_key(name: str) -> str:
    return f"objects.{name}"


def label_of(name: str, wordings: Mapping[str, str]) -> str:
    return wordings.get(object_key(name), name)
