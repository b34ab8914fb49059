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


@dataclass(frozen=True, eq=False)
class PromptTokens:
    """A text's own tokens, and where the text encoder's output holds them.

    prompt: the text.
    offsets: int32 (tokens, 2), the characters [start, end) of the prompt that each token stands for, in
        order. Tokens beyond the encoder's length are listed too. The bytes of one character, an emoji say,
        share its span.
    columns: int (attended tokens,), the place of each token that the text encoder sees, from the first, in
        its sequence of embeddings: 1, 2, … for CLIP, which puts a start token before them.

    Raises ValueError if these do not fit together.
    """

    prompt: str
    offsets: NDArray[np.int32]
    columns: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.offsets.ndim != 2 or self.offsets.shape[1] != 2:
            raise ValueError(f"Offsets have the shape (tokens, 2), not {self.offsets.shape}.")
        if self.columns.ndim != 1 or self.columns.dtype.kind != "i" or self.columns.min(initial=0) < 0:
            raise ValueError("Columns are whole numbers from 0, one per token that the text encoder sees.")
        if len(self.columns) > len(self.offsets):
            raise ValueError(f"There are {len(self.columns)} columns for {len(self.offsets)} tokens.")

    @property
    def attended(self) -> int:
        """How many tokens, from the first, the text encoder sees."""
        return len(self.columns)


def tokenize(tokenizer: Any, prompt: str, length: int | None = None, first_column: int = 0) -> PromptTokens:
    """Tokens of `prompt` as a diffusers pipeline feeds them to its text encoder.

    The offsets count characters of `prompt` as given: the tokenizer keeps track of its own normalisation
    (lower case, composed accents, single spaces). `tokenizer` is a transformers tokenizer such as
    CLIPTokenizer.

    length: of the encoder's sequence, by default the tokenizer's longest. A multiple of the longest means a
        long prompt, encoded in chunks of which each has its own start and end tokens: the chunk's j-th token
        stands in column 77 * chunk + 1 + j for CLIP.
    first_column: where the encoder's sequence begins, if other embeddings come before it.

    Raises TypeError for a tokenizer that does not tell offsets (the slow ones, in Python).
    """
    if not getattr(tokenizer, "is_fast", False):
        raise TypeError(
            f"{type(tokenizer).__name__} does not tell the characters of its tokens; "
            "load the pipeline with a fast one."
        )
    longest = tokenizer.model_max_length
    length = length or longest
    chunk = longest if length % longest == 0 else length
    before, after = _special_tokens_around(tokenizer)
    room = chunk - before - after
    offsets = np.array(
        tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True, verbose=False)[
            "offset_mapping"
        ],
        dtype=np.int32,
    ).reshape(-1, 2)
    seen = np.arange(min(len(offsets), length // chunk * room))
    return PromptTokens(prompt, offsets, first_column + seen // room * chunk + before + seen % room)


def special_tokens(tokenizer: Any, tokens: PromptTokens, first_column: int = 0) -> PromptTokens:
    """The encoder's start token, if it has one, and the end token that follows the prompt, as a text of two
    words."""
    before, _ = _special_tokens_around(tokenizer)
    words = [tokenizer.bos_token, tokenizer.eos_token] if before else [tokenizer.eos_token]
    end = int(tokens.columns[-1]) + 1 if tokens.attended else first_column + before
    columns = [first_column, end] if before else [end]
    prompt = " ".join(words)
    offsets = [find_word(prompt, word) for word in words]
    return PromptTokens(prompt, np.array(offsets, dtype=np.int32), np.array(columns))


def _special_tokens_around(tokenizer: Any) -> tuple[int, int]:
    """How many special tokens the tokenizer puts before and after a text."""
    mask = tokenizer("a", return_special_tokens_mask=True)["special_tokens_mask"]
    return mask.index(0), mask[::-1].index(0)


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
