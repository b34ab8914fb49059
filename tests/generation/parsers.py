"""A parser that needs no training: every word hangs on the last one, and is a noun unless it is known."""

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from generation.prompts.parsing import Parser

PARTS_OF_SPEECH = {"a": "DET", "an": "DET", "the": "DET", "red": "ADJ", "two": "NUM", ".": "PUNCT"}


@Language.component("hang_on_the_last")
def hang_on_the_last(doc: Doc) -> Doc:
    for token in doc:
        token.pos_ = PARTS_OF_SPEECH.get(token.lower_, "NOUN")
        token.lemma_ = token.lower_
        token.head = doc[len(doc) - 1]
        token.dep_ = "ROOT" if token.i == len(doc) - 1 else "dep"
    return doc


def make_parser(version: str = "1") -> Parser:
    pipeline = spacy.blank("en")
    pipeline.add_pipe("hang_on_the_last")
    return Parser(name="en_test", version=version, pipeline=pipeline)
