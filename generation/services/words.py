"""Store the words of prompts, and keep them while somebody builds on them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from django.db import transaction

from generation.errors import PromptSetError
from generation.models import Prompt, PromptSet, Word
from generation.prompts.words import ParsedWord

# Stored in one transaction; on SQLite nobody else writes meanwhile. benchmarks/slices.py measures it.
WORDS_AT_ONCE = 300
PROMPTS_AT_ONCE = 500

Item = TypeVar("Item")


def store_words(
    *,
    prompts: Sequence[Prompt],
    words: Sequence[Sequence[ParsedWord | Word]],
    roles: Sequence[Mapping[int, str]] | None = None,
) -> None:
    """Write the words of each prompt: parsed ones, or those of another prompt, to be copied.

    `roles[i]` maps word positions of prompt i to a role. Raises ValueError for heads that run in a circle.
    """
    waiting: dict[tuple[int, int], tuple[Word, int | None]] = {
        (index, position): (
            Word(
                prompt=prompt,
                position=position,
                start=word.start,
                end=word.end,
                text=word.text,
                lemma=word.lemma,
                part_of_speech=word.part_of_speech,
                tag=word.tag,
                relation=word.relation,
                enhanced_relation=word.enhanced_relation,
                role=roles[index].get(position, Word.Role.NONE) if roles else Word.Role.NONE,
            ),
            _head_position(word),
        )
        for index, prompt in enumerate(prompts)
        for position, word in enumerate(words[index])
    }
    stored: dict[tuple[int, int], Word] = {}
    with transaction.atomic():
        # Roots first, then their dependents, and so on: a word needs its head's key, and updating the rows
        # afterwards takes ten times as long.
        while waiting:
            ready = {}
            for (index, position), (word, head) in waiting.items():
                if head is None or (index, head) in stored:
                    word.head = None if head is None else stored[index, head]
                    ready[index, position] = word
            if not ready:
                raise ValueError("The heads of the words run in a circle.")
            Word.objects.bulk_create(ready.values(), batch_size=500)
            stored |= ready
            waiting = {key: word for key, word in waiting.items() if key not in ready}


def _head_position(word: ParsedWord | Word) -> int | None:
    if isinstance(word, Word):
        return word.head.position if word.head else None
    return word.head


def delete_words(prompts: Sequence[Prompt]) -> None:
    """All words of the prompts. The database refuses it in the end if anything else names one of them: Django
    would look at each word, and at what hangs on it, which takes ten times as long."""
    words = Word.objects.filter(prompt__in=prompts)
    words._raw_delete(words.db)


def packed(
    pairs: Iterable[tuple[Item, Sequence[ParsedWord | Word]]],
) -> Iterator[list[tuple[Item, Sequence[Any]]]]:
    """As many prompts with their words at a time as are stored in one short transaction."""
    waiting: list[tuple[Item, Sequence[Any]]] = []
    count = 0
    for item, words in pairs:
        if waiting and (count + len(words) > WORDS_AT_ONCE or len(waiting) >= PROMPTS_AT_ONCE):
            yield waiting
            waiting, count = [], 0
        waiting.append((item, words))
        count += len(words)
    if waiting:
        yield waiting


def hold_words(prompt_set: PromptSet) -> None:
    """Until the transaction ends no parse of the set begins. Raises PromptSetError when one is replacing its
    words, or the set is still being imported."""
    PromptSet.objects.select_for_update().get(pk=prompt_set.pk)
    check_whole(prompt_set)


def check_whole(prompt_set: PromptSet) -> None:
    """Raises PromptSetError for a set of which a part is still to come."""
    if obstacle := PromptSet.objects.only("parse_state").get(pk=prompt_set.pk).obstacle:
        raise PromptSetError(f"The prompt set {prompt_set.name!r} {obstacle}.")
