"""Build prompt sets from other prompts, or from an ontology."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from daamweb.projects.models import Project
from daamweb.projects.services.events import Actor
from generation.errors import PromptSetError
from generation.models import PromptSet, Word
from generation.prompts.built import BuiltSet
from generation.prompts.captions import Caption
from generation.prompts.cohyponyms import build_pairs, load_ontology
from generation.prompts.sampling import CandidateWord, WordSample, sample_words
from generation.prompts.words import ParsedWord
from generation.selectors import parsed_words
from generation.services.imports import import_built
from generation.services.prompt_sets import check_new_name
from generation.services.words import check_whole


def build_words_prompt_set(
    *, name: str, source: PromptSet, by: Actor = None, **design: Any
) -> tuple[PromptSet, WordSample]:
    """Make the set that `draw_words` draws, here and now. Raises PromptSetError."""
    check_new_name(source.project, name)
    built, sample = draw_words(source=source, **design)
    return import_built(project=source.project, name=name, built=built, by=by), sample


def draw_words(
    *,
    source: PromptSet,
    seed: int,
    per_part_of_speech: int = 200,
    common: int = 14,
    attention_checks: int | None = None,
    parts_of_speech: Sequence[str] | None = None,
) -> tuple[BuiltSet, WordSample]:
    """Sample n words of each common part of speech, each with the prompt it stands in (section 3.2).

    Every sampled word becomes a prompt of its own, since the paper generates one image per word–prompt pair.
    Sampled punctuation serves as attention checks (appendix A.2), by default one for every twenty words
    that were found, and at least one.
    Raises PromptSetError.
    """
    if source.parse_state != PromptSet.ParseState.PARSED:
        raise PromptSetError(
            f"The prompt set {source.name!r} has no words yet ({source.get_parse_state_display()}). "
            f"Run: python manage.py parse_prompts {source.name!r}"
        )
    words = _whole_words(source)
    sample, attention_checks = _sample(
        words,
        seed=seed,
        attention_checks=attention_checks,
        per_part_of_speech=per_part_of_speech,
        common=common,
        parts_of_speech=parts_of_speech,
    )
    recipe = {
        "builder": "words",
        "source": source.name,
        "seed": seed,
        "per_part_of_speech": per_part_of_speech,
        "common": common,
        "parts_of_speech": list(parts_of_speech) if parts_of_speech else None,
        "attention_checks": attention_checks,
        "available": dict(sample.counts),
        "shortfalls": dict(sample.shortfalls),
    }
    if not sample.targets:
        raise PromptSetError(f"The prompt set {source.name!r} has no word of the parts of speech asked for.")
    chosen = [(word, Word.Role.TARGET) for word in sample.targets]
    chosen += [(word, Word.Role.ATTENTION_CHECK) for word in sample.attention_checks]
    captions = _captions_of(source, [candidate for candidate, _ in chosen], words)
    roles = [{candidate.word_index: str(role)} for candidate, role in chosen]
    return BuiltSet("words", recipe, captions, has_words=True, parser=source.parser, roles=roles), sample


def _whole_words(source: PromptSet) -> list[Word]:
    words = parsed_words(source)
    check_whole(source)  # no parse has begun meanwhile
    return words


def _sample(
    words: Sequence[Word],
    *,
    seed: int,
    attention_checks: int | None,
    per_part_of_speech: int,
    common: int,
    parts_of_speech: Sequence[str] | None,
) -> tuple[WordSample, int]:
    """The sample, and the number of attention checks that were asked of it."""
    candidates = [
        CandidateWord(word.prompt_id, word.position, word.text, word.part_of_speech) for word in words
    ]

    def draw(checks: int) -> WordSample:
        return sample_words(
            candidates,
            per_part_of_speech=per_part_of_speech,
            parts_of_speech=parts_of_speech,
            common=common,
            attention_checks=checks,
            rng=_generator(seed),
        )

    try:
        if attention_checks is None:
            # The words are drawn before the checks, so the second draw finds the same ones.
            attention_checks = max(1, len(draw(0).targets) // 20)
        return draw(attention_checks), attention_checks
    except ValueError as error:
        raise PromptSetError(str(error)) from error


def _captions_of(source: PromptSet, chosen: Sequence[CandidateWord], words: Sequence[Word]) -> list[Caption]:
    """Of each the prompt that it stands in, with its words."""
    originals = {prompt.pk: prompt for prompt in source.prompts.all()}
    words_of: dict[int, list[ParsedWord]] = {}
    for word in words:
        words_of.setdefault(word.prompt_id, []).append(_parsed(word))
    return [
        Caption(
            row=row,
            external_id=f"{originals[each.prompt_id].external_id}#{each.word_index}",
            text=originals[each.prompt_id].text,
            metadata={**originals[each.prompt_id].metadata, "word": each.text},
            words=tuple(words_of[each.prompt_id]),
        )
        for row, each in enumerate(chosen, start=1)
    ]


def _parsed(word: Word) -> ParsedWord:
    return ParsedWord(
        start=word.start,
        end=word.end,
        text=word.text,
        lemma=word.lemma,
        part_of_speech=word.part_of_speech,
        tag=word.tag,
        head=word.head.position if word.head else None,
        relation=word.relation,
        enhanced_relation=word.enhanced_relation,
    )


def build_cohyponyms_prompt_set(*, project: Project, name: str, by: Actor = None, **design: Any) -> PromptSet:
    """Make the set that `draw_cohyponyms` draws, here and now. Raises PromptSetError."""
    check_new_name(project, name)
    return import_built(project=project, name=name, built=draw_cohyponyms(**design), by=by)


def draw_cohyponyms(
    *, count: int, seed: int, cohyponym_share: float = 0.5, nouns: Sequence[str] | None = None
) -> BuiltSet:
    """Pairs of nouns, "a(n) … and a(n) …", a share of them siblings in the ontology (section 5.1).

    Raises PromptSetError.
    """
    try:
        pairs = build_pairs(
            load_ontology(),
            count=count,
            cohyponym_share=cohyponym_share,
            nouns=nouns,
            rng=_generator(seed),
        )
    except ValueError as error:
        raise PromptSetError(str(error)) from error
    recipe = {
        "builder": "cohyponyms",
        "seed": seed,
        "count": count,
        "cohyponym_share": cohyponym_share,
        "nouns": list(nouns) if nouns else None,
    }
    captions = [
        Caption(
            row=row,
            external_id=str(row),
            text=pair.text,
            metadata={
                "nouns": [pair.first, pair.second],
                "cohyponyms": pair.cohyponyms,
                "hypernym": pair.hypernym,
            },
        )
        for row, pair in enumerate(pairs, start=1)
    ]
    return BuiltSet("cohyponyms", recipe, captions)


def _generator(seed: int) -> np.random.Generator:
    if seed < 0:
        raise PromptSetError(f"A seed is a whole number from 0; it is {seed}.")
    return np.random.default_rng(seed)
