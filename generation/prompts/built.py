"""A prompt set that was built of other prompts, or of an ontology, before it is stored; and as a file, for a
worker who stores it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generation.prompts.formats import Caption
from generation.prompts.words import ParsedWord


@dataclass(frozen=True)
class BuiltSet:
    """has_words: the captions bring theirs, of `parser`. roles: of each caption's words, by position."""

    origin: str
    recipe: Mapping[str, Any]
    captions: Sequence[Caption]
    has_words: bool = False
    parser: str = ""
    roles: Sequence[Mapping[int, str]] = ()


def write_built(built: BuiltSet) -> bytes:
    captions = [
        {
            "id": caption.external_id,
            "text": caption.text,
            "metadata": caption.metadata,
            "words": None if caption.words is None else [vars(word) for word in caption.words],
            "roles": list(built.roles[index].items()) if built.roles else [],
        }
        for index, caption in enumerate(built.captions)
    ]
    content = {
        "origin": built.origin, "recipe": built.recipe, "has_words": built.has_words,
        "parser": built.parser, "captions": captions,
    }  # fmt: skip
    return json.dumps(content).encode()


def read_built(content: bytes) -> BuiltSet:
    read = json.loads(content)
    captions = [
        Caption(
            row=row,
            external_id=each["id"],
            text=each["text"],
            metadata=each["metadata"],
            words=None if each["words"] is None else tuple(ParsedWord(**word) for word in each["words"]),
        )
        for row, each in enumerate(read["captions"], start=1)
    ]
    roles = [dict(each["roles"]) for each in read["captions"]]
    return BuiltSet(
        read["origin"],
        read["recipe"],
        captions,
        read["has_words"],
        read["parser"],
        roles if any(roles) else (),
    )
