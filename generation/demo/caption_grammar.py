"""Captions with their analysis, made by a small grammar: what the treebank lacks of the language of captions.

The English Web Treebank holds next to no caption: no "next to a", no zebra, hardly a noun phrase that is a
whole sentence. The parser's training therefore adds some thousand sentences such as "Two brown cows graze on
a grassy hill." whose trees follow the treebank's own conventions (in front of: `in` case, `front` obl, `of`
case).
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from generation.prompts.cohyponyms import indefinite_article

LEXICON = json.loads(Path(__file__).with_name("caption_lexicon.json").read_text(encoding="utf-8"))
ANIMALS, PEOPLE, VEHICLES = LEXICON["animals"], LEXICON["people"], LEXICON["vehicles"]
THINGS, LOCATIONS, COMPOUNDS = LEXICON["things"], LEXICON["locations"], LEXICON["compounds"]
ADJECTIVES, ADVERBS, NUMBERS = LEXICON["adjectives"], LEXICON["adverbs"], LEXICON["numbers"]
COLLECTIONS, PREPOSITIONS = LEXICON["collections"], LEXICON["prepositions"]
# Base, third person, participle, and what may follow: n nothing, o an object, p a location.
VERBS = LEXICON["verbs"]
# Base, participle, and the prepositions that go with it.
PASSIVES = LEXICON["passives"]
IRREGULAR_PLURALS = LEXICON["irregular_plurals"]


@dataclass
class Node:
    """A word with its dependents before and after it, in the order of the text."""

    form: str
    lemma: str
    part_of_speech: str
    tag: str
    relation: str = "root"
    before: list["Node"] = field(default_factory=list)
    after: list["Node"] = field(default_factory=list)

    def __iter__(self) -> Iterator["Node"]:
        for node in self.before:
            yield from node
        yield self
        for node in self.after:
            yield from node


def word(form: str, part_of_speech: str, tag: str, relation: str, lemma: str = "") -> Node:
    return Node(form, lemma or form, part_of_speech, tag, relation)


def plural(noun: str) -> str:
    if noun in IRREGULAR_PLURALS:
        return str(IRREGULAR_PLURALS[noun])
    if noun.endswith(("s", "sh", "ch", "x")):
        return noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"


@dataclass
class Grammar:
    """Draws captions from `rng`."""

    rng: random.Random

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def caption(self) -> Node:
        """The root of one caption."""
        weights = {
            self.noun_with_participle: 30,
            self.clause: 24,
            self.noun_in_a_location: 14,
            self.noun_with_passive: 12,
            self.progressive: 12,
            self.predicate: 4,
            self.existence: 4,
        }
        (build,) = self.rng.choices(list(weights), list(weights.values()))
        root = build()
        if self.chance(0.75):
            root.after.append(word(".", "PUNCT", ".", "punct"))
        first = next(iter(root))
        if self.chance(0.75):
            first.form = first.form[0].upper() + first.form[1:]
        return root

    def noun(self, nouns: list[str], many: bool, relation: str) -> Node:
        """A bare noun, perhaps a compound, with its adjectives."""
        pieces = self.rng.choice(nouns).split()
        lemma = pieces[-1]
        node = word(plural(lemma) if many else lemma, "NOUN", "NNS" if many else "NN", relation, lemma)
        node.before = [word(piece, "NOUN", "NN", "compound") for piece in pieces[:-1]]
        if pieces[0] == "stuffed":
            node.before = [word("stuffed", "ADJ", "JJ", "amod")]
        adjectives = self.rng.sample(ADJECTIVES, self.rng.choices([0, 1, 2], [50, 37, 13])[0])
        if self.chance(0.04):
            pair = word("black", "ADJ", "JJ", "amod")
            pair.after = [word("white", "ADJ", "JJ", "conj")]
            pair.after[0].before = [word("and", "CCONJ", "CC", "cc")]
            node.before = [pair, *node.before]
        else:
            node.before = [*(word(a, "ADJ", "JJ", "amod") for a in adjectives), *node.before]
        return node

    def phrase(self, nouns: list[str], relation: str, many: bool | None = None, simple: bool = False) -> Node:
        """A noun phrase: determined, counted, or a collection of something."""
        many = self.chance(0.35) if many is None else many
        if not many and not simple and self.chance(0.15):
            whole = self.noun([self.rng.choice(COLLECTIONS)], False, relation)
            whole.before = [n for n in whole.before if self.chance(0.3)]
            self.determine(whole)
            part = self.noun(nouns, True, "nmod")
            part.before = [word("of", "ADP", "IN", "case"), *part.before]
            whole.after = [part]
            return whole
        node = self.noun(nouns, many, relation)
        if not many:
            self.determine(node)
        elif self.chance(0.8):
            number = self.rng.choice(NUMBERS)
            quantity = self.rng.choice(
                [
                    word(number, "NUM", "CD", "nummod"),
                    word(number, "NUM", "CD", "nummod"),
                    word("several", "ADJ", "JJ", "amod"),
                    word("many", "ADJ", "JJ", "amod"),
                    word("some", "DET", "DT", "det"),
                    word("the", "DET", "DT", "det"),
                ]
            )
            node.before = [quantity, *node.before]
        if not simple and self.chance(0.15):
            node.after.append(self.location("nmod", ["with", "of"] if many else ["with"], simple=True))
        return node

    def determine(self, node: Node) -> None:
        if self.chance(0.8):
            article = indefinite_article(next(iter(node)).form)
            determiner = word(article, "DET", "DT", "det", "a")
        elif self.chance(0.8):
            determiner = word("the", "DET", "DT", "det")
        else:
            determiner = word(*self.rng.choice([("its", "PRON"), ("their", "PRON")]), "PRP$", "nmod:poss")
        node.before = [determiner, *node.before]

    def subject(self, relation: str) -> tuple[Node, bool]:
        """A noun phrase, alone or several of them joined, and whether it is plural."""
        nouns = self.rng.choices([ANIMALS, PEOPLE, VEHICLES, THINGS, COMPOUNDS], [30, 25, 15, 20, 10])[0]
        many = self.chance(0.35)
        node = self.phrase(nouns, relation, many)
        if not self.chance(0.15):
            return node, many
        others = [self.phrase(nouns, "conj", simple=True) for _ in range(self.rng.choice([1, 1, 1, 2]))]
        for other in others[:-1]:
            other.before = [word(",", "PUNCT", ",", "punct"), *other.before]
        others[-1].before = [word("and", "CCONJ", "CC", "cc"), *others[-1].before]
        node.after += others
        return node, True

    def location(self, relation: str, prepositions: list[str] = PREPOSITIONS, simple: bool = False) -> Node:
        """A prepositional phrase; it hangs on its noun, in "in front of a wall" on "front"."""
        nouns = self.rng.choices([LOCATIONS, THINGS, COMPOUNDS], [60, 25, 15])[0]
        if prepositions is not PREPOSITIONS or self.chance(0.75):
            case = [word(self.rng.choice(prepositions), "ADP", "IN", "case")]
        elif self.chance(0.5):
            case = [word("next", "ADP", "IN", "case"), word("to", "ADP", "IN", "case")]
        else:
            top = word(self.rng.choice(["top", "front", "middle", "side"]), "NOUN", "NN", relation)
            article = [word("the", "DET", "DT", "det")] if top.form in ("middle", "side") else []
            preposition = "in" if top.form in ("front", "middle") else "on"
            top.before = [word(preposition, "ADP", "IN", "case"), *article]
            top.after = [self.location("nmod", ["of"], simple=True)]
            return top
        node = self.phrase(nouns, relation, simple=simple)
        node.before = [*case, *node.before]
        return node

    def verb(self, form: int, tag: str, relation: str = "root") -> Node:
        """A verb with what follows it; `form` 0 is the base, 1 the third person, 2 the participle."""
        *forms, follows = self.rng.choice(VERBS).split()
        node = word(forms[form], "VERB", tag, relation, forms[0])
        follow = self.rng.choice(follows)
        if follow == "o":
            node.after.append(
                self.phrase(self.rng.choice([THINGS, THINGS, ANIMALS, VEHICLES, COMPOUNDS]), "obj")
            )
        if self.chance(0.2):
            adverb = word(self.rng.choice(ADVERBS), "ADV", "RB", "advmod")
            (node.before if follow == "o" else node.after).append(adverb)
        if follow == "p" or self.chance(0.5):
            node.after.append(self.location("obl"))
        if self.chance(0.05):
            meanwhile = self.verb(2, "VBG", "advcl")
            meanwhile.before = [word("while", "SCONJ", "IN", "mark"), *meanwhile.before]
            node.after.append(meanwhile)
        return node

    def be(self, many: bool, relation: str) -> Node:
        return word("are" if many else "is", "AUX", "VBP" if many else "VBZ", relation, "be")

    def noun_with_participle(self) -> Node:
        node = self.phrase(self.rng.choice([ANIMALS, PEOPLE, VEHICLES, THINGS]), "root")
        node.after.append(self.verb(2, "VBG", "acl"))
        return node

    def noun_with_passive(self) -> Node:
        lemma, participle, prepositions = self.rng.choice(PASSIVES).split()
        node = self.phrase(self.rng.choice([VEHICLES, THINGS, COMPOUNDS]), "root", many=self.chance(0.35))
        many = node.tag == "NNS"
        verb = word(participle, "VERB", "VBN", "acl", lemma)
        verb.after = [self.location("obl", prepositions.split(":"))]
        if self.chance(0.65):
            node.after.append(verb)
            return node
        node.relation, verb.relation = "nsubj:pass", "root"
        verb.before = [node, self.be(many, "aux:pass")]
        return verb

    def noun_in_a_location(self) -> Node:
        node, _ = self.subject("root")
        node.after.append(self.location("nmod"))
        return node

    def clause(self) -> Node:
        subject, many = self.subject("nsubj")
        verb = self.verb(0 if many else 1, "VBP" if many else "VBZ")
        verb.before = [subject, *verb.before]
        return verb

    def progressive(self) -> Node:
        subject, many = self.subject("nsubj")
        verb = self.verb(2, "VBG")
        verb.before = [subject, self.be(many, "aux"), *verb.before]
        return verb

    def predicate(self) -> Node:
        subject, many = self.subject("nsubj")
        adjective = word(self.rng.choice(ADJECTIVES), "ADJ", "JJ", "root")
        adjective.before = [subject, self.be(many, "cop")]
        return adjective

    def existence(self) -> Node:
        subject, many = self.subject("nsubj")
        verb = word("are" if many else "is", "VERB", "VBP" if many else "VBZ", "root", "be")
        if self.chance(0.5):
            subject.after.append(self.verb(2, "VBG", "acl"))
        verb.before = [word("there", "PRON", "EX", "expl")]
        verb.after = [subject]
        return verb
