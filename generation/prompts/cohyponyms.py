"""Prompts of two nouns, half of them cohyponyms (section 5.1 of the paper; its ontology of appendix C)."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np

ONTOLOGY_FILE = Path(__file__).with_name("ontology.json")

VOWELS = "aeiou"
# Words whose first sound is not that of their first letter.
SILENT_H = ("heir", "honest", "honor", "honour", "hour")
CONSONANT_SOUND = (
    "eu",
    "ewe",
    "one",
    "ouija",
    "ubiq",
    "ufo",
    "ukulele",
    "unicorn",
    "unicycle",
    "uniform",
    "union",
    "unit",
    "universal",
    "universe",
    "university",
    "usable",
    "use",
    "usual",
    "utensil",
)


@dataclass(frozen=True)
class Ontology:
    """Nouns and what they are: `hypernyms` maps each leaf to its direct hypernym, in the file's order."""

    hypernyms: Mapping[str, str]

    @property
    def leaves(self) -> tuple[str, ...]:
        return tuple(self.hypernyms)

    def hypernym(self, leaf: str) -> str:
        """Raises ValueError for a noun that is no leaf."""
        if leaf not in self.hypernyms:
            raise ValueError(f"{leaf!r} is no noun of the ontology; its nouns are {', '.join(self.leaves)}")
        return self.hypernyms[leaf]

    def siblings(self, leaf: str) -> tuple[str, ...]:
        """The cohyponyms of a leaf: the other leaves with the same direct hypernym."""
        hypernym = self.hypernym(leaf)
        return tuple(other for other in self.leaves if other != leaf and self.hypernyms[other] == hypernym)


@dataclass(frozen=True)
class NounPair:
    """A prompt of two nouns. `hypernym` is the one they share, None when they are no cohyponyms. `repetition`
    counts how often the same pair, in the same order, came before in the list."""

    first: str
    second: str
    cohyponyms: bool
    hypernym: str | None
    text: str
    repetition: int = 0


def load_ontology(path: Path | None = None) -> Ontology:
    """The paper's ontology, or one of a JSON file of the same shape: objects of hypernyms, at the bottom
    lists of nouns. Raises ValueError for any other shape and for a noun that stands twice."""
    source = path or ONTOLOGY_FILE
    try:
        document = json.loads(source.read_text(encoding="utf-8"), object_pairs_hook=_unique_names)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{source.name} is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError(f"{source.name} has to hold an object of hypernyms")
    hypernyms: dict[str, str] = {}
    for leaf, hypernym in _leaves(document, source.name):
        if leaf in hypernyms:
            raise ValueError(
                f"{source.name}: {leaf!r} stands under {hypernyms[leaf]!r} and under {hypernym!r}"
            )
        hypernyms[leaf] = hypernym
    if not hypernyms:
        raise ValueError(f"{source.name} holds no nouns")
    return Ontology(hypernyms)


def _unique_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"a name stands twice among {', '.join(names)}")
    return dict(pairs)


def _leaves(node: Mapping[str, object], source: str) -> Iterator[tuple[str, str]]:
    """Each leaf with its direct hypernym."""
    for hypernym, children in node.items():
        if isinstance(children, dict):
            yield from _leaves(children, source)
        elif isinstance(children, list) and all(
            isinstance(child, str) and child.strip() for child in children
        ):
            yield from ((child.strip(), hypernym) for child in children)
        else:
            raise ValueError(
                f"{source}: under {hypernym!r} a list of nouns or an object of hypernyms is needed"
            )


def build_pairs(
    ontology: Ontology,
    *,
    count: int,
    cohyponym_share: float = 0.5,
    nouns: Sequence[str] | None = None,
    rng: np.random.Generator,
) -> list[NounPair]:
    """`count` pairs of different nouns, a share of them cohyponyms, in random order.

    Cohyponyms have the same direct hypernym. The number of cohyponym pairs is `count * cohyponym_share`
    rounded, a half up; the others are drawn from all the other pairs. "A cat and a dog" and "a dog and a cat"
    are two pairs. No pair is drawn again before all of its sort have been drawn; beyond that all repeat
    equally often, give or take one, and NounPair.repetition counts it. `nouns` restricts the draw to some of
    the leaves.

    Raises ValueError for a count below 1, a share outside 0 to 1, nouns that are not in the ontology or given
    twice, and where a sort of pairs is asked for that the nouns do not offer.
    """
    if count < 1:
        raise ValueError(f"at least 1 pair is needed, not {count}")
    if not 0 <= cohyponym_share <= 1:
        raise ValueError(f"the share of cohyponyms has to lie between 0 and 1; it is {cohyponym_share}")
    chosen = list(ontology.leaves if nouns is None else nouns)
    hypernyms = {noun: ontology.hypernym(noun) for noun in chosen}
    twice = sorted({noun for noun in chosen if chosen.count(noun) > 1})
    if twice:
        raise ValueError(f"given twice: {', '.join(twice)}")
    pairs = sorted(permutations(chosen, 2))
    cohyponyms = math.floor(count * cohyponym_share + 0.5)
    drawn = [
        *_drawn([pair for pair in pairs if hypernyms[pair[0]] == hypernyms[pair[1]]], cohyponyms, True, rng),
        *_drawn(
            [pair for pair in pairs if hypernyms[pair[0]] != hypernyms[pair[1]]],
            count - cohyponyms,
            False,
            rng,
        ),
    ]
    built: list[NounPair] = []
    seen: dict[tuple[str, str], int] = {}
    for index in rng.permutation(len(drawn)):
        first, second = drawn[index]
        shared = hypernyms[first] if hypernyms[first] == hypernyms[second] else None
        repetition = seen.get((first, second), 0)
        seen[first, second] = repetition + 1
        built.append(
            NounPair(first, second, shared is not None, shared, pair_text(first, second), repetition)
        )
    return built


def _drawn(
    pairs: Sequence[tuple[str, str]], count: int, cohyponyms: bool, rng: np.random.Generator
) -> list[tuple[str, str]]:
    """`count` pairs in rounds, each of which draws every pair once before the next begins."""
    if count and not pairs:
        wanted = "share a direct hypernym" if cohyponyms else "have different hypernyms"
        raise ValueError(f"no two of the nouns {wanted}, but {count} such pairs are asked for")
    drawn: list[tuple[str, str]] = []
    while len(drawn) < count:
        drawn += [pairs[index] for index in rng.permutation(len(pairs))[: count - len(drawn)]]
    return drawn


def pair_text(first: str, second: str) -> str:
    """The paper's template, "a(n) <noun> and a(n) <noun>"."""
    return f"{indefinite_article(first)} {first} and {indefinite_article(second)} {second}"


def indefinite_article(noun: str) -> str:
    """ "a" or "an", by the first sound: that of the first letter but for a few words (an hour, a unicorn)."""
    word = noun.lower()
    if word.startswith(SILENT_H):
        return "an"
    return "an" if word[:1] in VOWELS and word[:1] and not word.startswith(CONSONANT_SOUND) else "a"
