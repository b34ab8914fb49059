"""Words and tokens, both as character spans of the prompt. No torch: the tokenizer is handed in."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


class WordNotFound(KeyError):
    """The prompt does not contain the word, or not that often."""

    def __str__(self) -> str:  # KeyError would show the message in quotes
        return str(self.args[0])


class WordNotAttended(KeyError):
    """The word lies, in whole or in part, beyond the last token that the text encoder sees."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class PromptTokens:
    """A prompt's own tokens, without the start, end and padding tokens.

    offsets: int32 (tokens, 2), the characters [start, end) of the prompt that each token stands for, in
        order. Tokens beyond the encoder's length are listed too. The bytes of one character, an emoji say,
        share its span.
    attended: how many of them, from the first, the text encoder sees.
    first_column: where the first one stands in the encoder's sequence (1: after the start token).
    """

    offsets: NDArray[np.int32]
    attended: int
    first_column: int


def tokenize(tokenizer: Any, prompt: str) -> PromptTokens:
    """Tokens of `prompt` as a diffusers pipeline feeds them to its text encoder.

    The offsets count characters of `prompt` as given: the tokenizer keeps track of its own normalisation
    (lower case, composed accents, single spaces). `tokenizer` is a transformers tokenizer such as
    CLIPTokenizer.

    Raises TypeError for a tokenizer that does not tell offsets (the slow ones, in Python).
    """
    if not getattr(tokenizer, "is_fast", False):
        raise TypeError(
            f"{type(tokenizer).__name__} does not tell the characters of its tokens; "
            "load the pipeline with a fast one."
        )
    seen = tokenizer(
        prompt, truncation=True, max_length=tokenizer.model_max_length, return_special_tokens_mask=True
    )["special_tokens_mask"]
    offsets = tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True, verbose=False)[
        "offset_mapping"
    ]
    return PromptTokens(
        offsets=np.array(offsets, dtype=np.int32).reshape(-1, 2),
        attended=seen.count(0),
        first_column=seen.index(0) if 0 in seen else 1,
    )


def find_word(prompt: str, text: str, occurrence: int = 0) -> tuple[int, int]:
    """Character span [start, end) of the given occurrence (0 is the first) of `text`, which may be several
    words.

    Only whole words match: "dog" is in "a dog's life" and not in "catdog". Any white space matches any other.
    If `text` does not occur as written, capitals are ignored, as CLIP ignores them; occurrences are counted
    among the matches of that one kind.

    Raises WordNotFound (a KeyError) that names the prompt and its words; ValueError for an empty text or a
    negative occurrence.
    """
    parts = text.split()
    if not parts:
        raise ValueError("The text of a word must not be empty.")
    if occurrence < 0:
        raise ValueError(f"occurrence counts from 0; it cannot be {occurrence}.")
    pattern = r"\s+".join(re.escape(part) for part in parts)
    spans = _whole_words(prompt, pattern, re.NOFLAG) or _whole_words(prompt, pattern, re.IGNORECASE)
    if occurrence < len(spans):
        return spans[occurrence]
    if spans:
        times = "once" if len(spans) == 1 else f"{len(spans)} times"
        raise WordNotFound(f"{text!r} occurs {times} in {prompt!r}; there is no occurrence={occurrence}.")
    words = ", ".join(repr(word) for word in _words(prompt)) or "none"
    raise WordNotFound(f"{text!r} is not in the prompt {prompt!r}. Its words: {words}.")


def tokens_of_span(offsets: NDArray[np.int32], length: int, start: int, end: int) -> NDArray[np.intp]:
    """Indices of the tokens that overlap the characters [start, end) of a prompt of `length` characters.

    Raises ValueError for a span that is empty, reaches outside the prompt, or holds no token (white space).
    """
    if not 0 <= start < end <= length:
        raise ValueError(f"The span [{start}, {end}) is empty or outside the prompt's {length} characters.")
    indices = np.flatnonzero((offsets[:, 0] < end) & (offsets[:, 1] > start))
    if indices.size == 0:
        raise ValueError(f"No token lies in the span [{start}, {end}); does it hold only white space?")
    return indices


def _whole_words(prompt: str, pattern: str, flags: re.RegexFlag) -> list[tuple[int, int]]:
    spans = (match.span() for match in re.finditer(pattern, prompt, flags))
    return [
        (start, end)
        for start, end in spans
        if not _cuts_a_word(prompt, start) and not _cuts_a_word(prompt, end)
    ]


def _cuts_a_word(prompt: str, position: int) -> bool:
    return 0 < position < len(prompt) and _in_word(prompt[position - 1]) and _in_word(prompt[position])


def _in_word(character: str) -> bool:
    # combining marks continue a word: "cafe" is not in a "café" whose accent is a character of its own
    return character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")


def _words(prompt: str) -> list[str]:
    words, word = [], ""
    for character in f"{prompt} ":
        if _in_word(character):
            word += character
        elif word:
            words.append(word)
            word = ""
    return words
