"""Which words of a prompt set are rated: so many of each part of speech, and punctuation as attention checks.

After section 3.2 of the paper (200 words of each of the 14 most common parts of speech, unique word–prompt
pairs) and its appendix A.2 (punctuation shows who does not look).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

PUNCTUATION = "PUNCT"
# Universal parts of speech whose words can be rated. The paper's 14 are all of them.
RATED_PARTS_OF_SPEECH = (
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "SCONJ",
    "VERB",
)
# Signs and unclassified words: rated only when asked for by name.
OTHER_PARTS_OF_SPEECH = ("SYM", "X")


@dataclass(frozen=True)
class CandidateWord:
    """A word that could be rated: the `word_index`-th word of the prompt `prompt_id`."""

    prompt_id: int
    word_index: int
    text: str
    part_of_speech: str


@dataclass(frozen=True)
class WordSample:
    """The words drawn.

    `counts` says how many words of each part of speech there were to draw from; `shortfalls` how many are
    missing, for each part of speech (PUNCT: the attention checks) that had too few.
    """

    targets: tuple[CandidateWord, ...]
    attention_checks: tuple[CandidateWord, ...]
    counts: Mapping[str, int]
    shortfalls: Mapping[str, int]


def sample_words(
    words: Sequence[CandidateWord],
    *,
    per_part_of_speech: int,
    parts_of_speech: Sequence[str] | None = None,
    common: int = len(RATED_PARTS_OF_SPEECH),
    attention_checks: int,
    rng: np.random.Generator,
) -> WordSample:
    """Draw `per_part_of_speech` words of each part of speech, and `attention_checks` punctuation marks.

    The parts of speech are those asked for, or else the `common` most frequent ones of the set among
    RATED_PARTS_OF_SPEECH (of equally frequent ones the alphabet's first). PUNCT never takes one of these
    places: punctuation is drawn for the attention checks only. Where there are too few words, all are taken
    and the rest is a shortfall. The draw depends on the words and the generator, not on the order of the
    words; targets come grouped by part of speech.

    Raises ValueError for negative or impossible numbers, unknown parts of speech and a word given twice.
    """
    _check_numbers(per_part_of_speech, common, attention_checks)
    by_part = _by_part_of_speech(words)
    counts = {part: len(of_part) for part, of_part in by_part.items()}
    if parts_of_speech is None:
        chosen = sorted(RATED_PARTS_OF_SPEECH, key=lambda part: (-counts.get(part, 0), part))[:common]
    else:
        chosen = _checked_parts(parts_of_speech)
    shortfalls: dict[str, int] = {}

    def draw(part: str, wanted: int) -> list[CandidateWord]:
        available = by_part.get(part, [])
        if len(available) < wanted:
            shortfalls[part] = wanted - len(available)
        picked = rng.permutation(len(available))[:wanted]
        return [available[index] for index in sorted(picked)]

    targets = [word for part in chosen for word in draw(part, per_part_of_speech)]
    checks = draw(PUNCTUATION, attention_checks)
    return WordSample(tuple(targets), tuple(checks), counts, shortfalls)


def _check_numbers(per_part_of_speech: int, common: int, attention_checks: int) -> None:
    if per_part_of_speech < 1:
        raise ValueError(f"at least 1 word per part of speech is needed, not {per_part_of_speech}")
    if not 1 <= common <= len(RATED_PARTS_OF_SPEECH):
        raise ValueError(
            f"there are {len(RATED_PARTS_OF_SPEECH)} parts of speech to rate; cannot take {common}"
        )
    if attention_checks < 0:
        raise ValueError(f"the number of attention checks cannot be {attention_checks}")


def _by_part_of_speech(words: Iterable[CandidateWord]) -> dict[str, list[CandidateWord]]:
    """The words of each part of speech, the most frequent part first, in the order of prompts and texts."""
    ordered = sorted(words, key=lambda word: (word.prompt_id, word.word_index))
    for word, following in pairwise(ordered):
        if (word.prompt_id, word.word_index) == (following.prompt_id, following.word_index):
            raise ValueError(
                f"word {word.word_index} of prompt {word.prompt_id} ({word.text!r}) is given twice"
            )
    frequencies = Counter(word.part_of_speech for word in ordered)
    parts = sorted(frequencies, key=lambda part: (-frequencies[part], part))
    return {part: [word for word in ordered if word.part_of_speech == part] for part in parts}


def _checked_parts(parts: Sequence[str]) -> list[str]:
    chosen = list(dict.fromkeys(parts))
    if PUNCTUATION in chosen:
        raise ValueError(f"{PUNCTUATION} is not rated; ask for attention checks instead")
    known = (*RATED_PARTS_OF_SPEECH, *OTHER_PARTS_OF_SPEECH)
    unknown = [part for part in chosen if part not in known]
    if unknown:
        raise ValueError(f"unknown part of speech {', '.join(unknown)}; known are {', '.join(known)}")
    if not chosen:
        raise ValueError("no part of speech is asked for")
    return chosen
