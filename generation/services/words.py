"""Store the words of prompts, and parse prompt sets."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, ProtectedError, Q
from django.utils import timezone

from daamweb.projects.models import Action
from daamweb.projects.services.events import Actor, record
from generation.errors import PromptSetError
from generation.models import Prompt, PromptSet, Word
from generation.prompts.parsing import Parser, ParserNotFound, load_parser, parse
from generation.prompts.words import ParsedWord

# A set that took its worker down this often is not tried again by itself.
MAX_PARSE_ATTEMPTS = 3


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


def parse_prompt_set(
    *,
    prompt_set: PromptSet,
    parser: str = "",
    tell: Callable[[int, int], None] | None = None,
    by: Actor = None,
) -> int:
    """Give every prompt of the set its words, replacing earlier ones; return how many words there are.

    Raises ParserNotFound, and PromptSetError where the words cannot be replaced: when a study uses them, or a
    builder chose some of them. On failure the reason is kept on the prompt set, and so are the earlier words.
    """
    try:
        if prompt_set.origin == "conllu" and prompt_set.parser:
            raise PromptSetError(
                f"The file of {prompt_set.name!r} brought its own words, and parsing would replace them; "
                "import its texts in another format into a new set instead."
            )
        if Word.objects.filter(prompt__prompt_set=prompt_set).exclude(role=Word.Role.NONE).exists():
            raise PromptSetError(
                f"The words of {prompt_set.name!r} were chosen when it was built, and parsing again would "
                "lose the choice; parse the set that it was built from, and build a new one."
            )
        return _replace_words(prompt_set, load_parser(parser), tell, by)
    except (ParserNotFound, PromptSetError) as error:
        _keep_parse_error(prompt_set, str(error))
        raise


def _replace_words(
    prompt_set: PromptSet, parser: Parser, tell: Callable[[int, int], None] | None, by: Actor
) -> int:
    prompts = list(prompt_set.prompts.order_by("position"))
    parsed = []
    for count, result in enumerate(parse(parser, [prompt.text for prompt in prompts]), start=1):
        parsed.append(result.words)
        if tell:
            tell(count, len(prompts))
    try:
        with transaction.atomic():
            # Two workers that parse the same set replace its words one after the other.
            PromptSet.objects.select_for_update().get(pk=prompt_set.pk)
            Word.objects.filter(prompt__prompt_set=prompt_set).delete()
            store_words(prompts=prompts, words=parsed)
            count = sum(len(words) for words in parsed)
            prompt_set.parser = f"{parser.name} {parser.version}"
            prompt_set.parse_state = PromptSet.ParseState.PARSED
            prompt_set.parse_error = ""
            prompt_set.save(update_fields=["parser", "parse_state", "parse_error"])
            details = {"parser": prompt_set.parser, "words": count}
            record(Action.PARSED, subject=prompt_set, project=prompt_set.project, by=by, details=details)
    except ProtectedError as error:
        raise PromptSetError(
            f"The words of {prompt_set.name!r} are used by a study and cannot be parsed again; import "
            "the prompts into a new set instead."
        ) from error
    return count


def _keep_parse_error(prompt_set: PromptSet, error: str) -> None:
    """A set that has words stays parsed, since they are as good as before."""
    state = PromptSet.ParseState.PARSED if prompt_set.parser else PromptSet.ParseState.FAILED
    PromptSet.objects.filter(pk=prompt_set.pk).update(parse_state=state, parse_error=error)


def queue_parse(*, prompt_set: PromptSet) -> None:
    """Ask a worker to parse the set."""
    PromptSet.objects.filter(pk=prompt_set.pk).update(
        parse_state=PromptSet.ParseState.QUEUED, parse_error="", parse_attempts=0, poked_at=timezone.now()
    )


@transaction.atomic
def queue_parse_again(*, prompt_set: PromptSet, by: Actor) -> None:
    """As somebody asks for it, of a set that was parsed, or could not be."""
    locked = PromptSet.objects.select_for_update().get(pk=prompt_set.pk)
    if locked.parse_state != PromptSet.ParseState.QUEUED:
        record(Action.PARSING, subject=locked, project=locked.project, by=by)
    queue_parse(prompt_set=locked)


def begin_queued_parse(*, prompt_set: PromptSet) -> bool:
    """Count an attempt; False if the set is not queued any more, or has taken down its worker
    MAX_PARSE_ATTEMPTS times, which is then its error."""
    queued = PromptSet.objects.filter(pk=prompt_set.pk, parse_state=PromptSet.ParseState.QUEUED)
    if queued.filter(parse_attempts__lt=MAX_PARSE_ATTEMPTS).update(parse_attempts=F("parse_attempts") + 1):
        return True
    if queued.exists():
        _keep_parse_error(
            prompt_set,
            f"The worker stopped {MAX_PARSE_ATTEMPTS} times while parsing (out of memory, or killed?). Look "
            "into its log, then ask for the parse again.",
        )
    return False


def mark_parse_poked(*, prompt_set: PromptSet, unless_since: datetime) -> bool:
    """Note that a worker is being told to parse the set; False if one has been told since `unless_since`."""
    return bool(
        PromptSet.objects.filter(pk=prompt_set.pk, parse_state=PromptSet.ParseState.QUEUED)
        .filter(Q(poked_at=None) | Q(poked_at__lt=unless_since))
        .update(poked_at=timezone.now())
    )
