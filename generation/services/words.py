"""Store the words of prompts, and parse prompt sets."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError

from generation.errors import PromptSetError
from generation.models import Prompt, PromptSet, Word
from generation.prompts.parsing import ParserNotFound, load_parser, parse


def store_words(
    *, prompts: Sequence[Prompt], words: Sequence[Sequence[Any]], roles: Sequence[Mapping[int, str]] | None = None
) -> None:
    """Write the words of each prompt: ParsedWord values, or words of another prompt to be copied.

    `roles[i]` maps word positions of prompt i to a role.
    """
    rows = [
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
        )
        for index, prompt in enumerate(prompts)
        for position, word in enumerate(words[index])
    ]
    with transaction.atomic():
        stored = Word.objects.bulk_create(rows, batch_size=500)
        by_place = {(word.prompt_id, word.position): word for word in stored}
        with_head = []
        for index, prompt in enumerate(prompts):
            for position, word in enumerate(words[index]):
                head = _head_position(word)
                if head is not None:
                    row = by_place[prompt.pk, position]
                    row.head = by_place[prompt.pk, head]
                    with_head.append(row)
        Word.objects.bulk_update(with_head, ["head"], batch_size=500)


def _head_position(word: Any) -> int | None:
    if isinstance(word, Word):
        return word.head.position if word.head else None
    return word.head


def parse_prompt_set(
    *, prompt_set: PromptSet, parser: str = "", progress: Callable[[int, int], None] | None = None
) -> int:
    """Give every prompt of the set its words, replacing earlier ones; return how many words there are.

    Raises ParserNotFound, and PromptSetError when a study already uses the words. On failure the reason is kept on
    the prompt set.
    """
    prompts = list(prompt_set.prompts.order_by("position"))
    try:
        loaded = load_parser(parser)
        parsed = []
        for count, result in enumerate(parse(loaded, [prompt.text for prompt in prompts]), start=1):
            parsed.append(result.words)
            if progress:
                progress(count, len(prompts))
        with transaction.atomic():
            Word.objects.filter(prompt__prompt_set=prompt_set).delete()
            store_words(prompts=prompts, words=parsed)
            prompt_set.parser = loaded.version
            prompt_set.parse_state = PromptSet.ParseState.PARSED
            prompt_set.parse_error = ""
            prompt_set.save(update_fields=["parser", "parse_state", "parse_error"])
    except ParserNotFound as error:
        mark_parse_failed(prompt_set=prompt_set, error=str(error))
        raise
    except ProtectedError as error:
        raise PromptSetError(
            f"The words of {prompt_set.name!r} are used by a study and cannot be parsed again; import the prompts "
            "into a new set instead."
        ) from error
    return sum(len(words) for words in parsed)


def queue_parse(*, prompt_set: PromptSet) -> None:
    """Ask a worker to parse the set; the job is poked by the caller's `on_commit`."""
    PromptSet.objects.filter(pk=prompt_set.pk).update(parse_state=PromptSet.ParseState.QUEUED, parse_error="")


def mark_parse_failed(*, prompt_set: PromptSet, error: str) -> None:
    PromptSet.objects.filter(pk=prompt_set.pk).update(parse_state=PromptSet.ParseState.FAILED, parse_error=error)
