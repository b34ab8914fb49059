"""Texts → words with parts of speech, lemmas and dependency relations, by spaCy.

spaCy imports torch where torch is installed, so this module imports spaCy only inside its functions.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from generation.prompts.words import ParsedWord, enhance

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Token

__all__ = ["ParsedPrompt", "ParsedWord", "Parser", "ParserNotFound", "load_parser", "parse", "parsed_words"]

SHIPPED_PARSER = Path(__file__).resolve().parent.parent / "demo" / "parser"
BATCH_SIZE = 64


class ParserNotFound(LookupError):
    """No usable spaCy pipeline stands under the name."""


@dataclass(frozen=True)
class Parser:
    """A loaded pipeline; `name` and `version` say where its parses come from."""

    name: str
    version: str
    pipeline: "Language"


@dataclass(frozen=True)
class ParsedPrompt:
    text: str
    words: tuple[ParsedWord, ...]


def load_parser(name: str = "") -> Parser:
    """The pipeline that comes with the project, or the installed spaCy pipeline or folder called `name`.

    Loaded once per process. Raises ParserNotFound where there is none, or one without parts of speech, lemmas
    or a dependency parser.
    """
    return _load(name.strip())


@lru_cache(maxsize=4)
def _load(name: str) -> Parser:
    import spacy

    try:
        pipeline = spacy.load(name or SHIPPED_PARSER)
    except (OSError, ValueError) as error:
        raise ParserNotFound(
            f"Cannot load the spaCy pipeline {name or str(SHIPPED_PARSER)!r}: {error} "
            "Name an installed pipeline or the folder of one, or leave the name out for the project's own."
        ) from error
    probe = pipeline("a cat on a mat")
    missing = [
        part
        for part, attribute in (("parts of speech", "POS"), ("lemmas", "LEMMA"), ("dependencies", "DEP"))
        if not probe.has_annotation(attribute)
    ]
    if missing:
        raise ParserNotFound(f"The spaCy pipeline {name!r} gives no {' and no '.join(missing)}.")
    meta = pipeline.meta
    return Parser(
        name=f"{meta['lang']}_{meta['name']}",
        version=f"{meta['version']} (spaCy {spacy.__version__})",
        pipeline=pipeline,
    )


def parse(parser: Parser, texts: Iterable[str]) -> Iterator[ParsedPrompt]:
    """The words of each text, in the order of the texts. Nothing is held in memory beyond a batch."""
    texts, inputs = itertools.tee(texts)
    docs = parser.pipeline.pipe(inputs, batch_size=BATCH_SIZE)
    for text, doc in zip(texts, docs, strict=True):
        yield ParsedPrompt(text, parsed_words(doc))


def parsed_words(doc: "Doc") -> tuple[ParsedWord, ...]:
    """The words of a parsed Doc.

    Whitespace is no word: what depends on it goes to the word that it depends on. spaCy writes the
    relation of a root as ROOT; here it is `root`, as in Universal Dependencies.
    """
    tokens = [token for token in doc if not token.is_space]
    position = {token.i: index for index, token in enumerate(tokens)}
    words = []
    for token in tokens:
        head = _head(token)
        words.append(
            ParsedWord(
                start=token.idx,
                end=token.idx + len(token),
                text=token.text,
                lemma=token.lemma_,
                part_of_speech=token.pos_,
                tag=token.tag_,
                head=None if head is None else position[head.i],
                relation="root" if head is None or token.dep_ == "ROOT" else token.dep_,
            )
        )
    return enhance(words)


def _head(token: "Token") -> "Token | None":
    """The nearest word above a token, or None when there is none."""
    head = token.head
    while head.is_space and head.head.i != head.i:
        head = head.head
    return None if head.is_space or head.i == token.i else head
