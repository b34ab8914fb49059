"""Parse prompt sets: asked for, and carried out in slices, by a worker or a command."""

import logging
from collections.abc import Callable, Iterator, Sequence

from django.db import IntegrityError, transaction

from daamweb.projects.models import Action
from daamweb.projects.services.events import Actor, record
from daamweb.work.asking import find_or_create
from daamweb.work.attempts import recorded
from daamweb.work.heartbeats import kept
from daamweb.work.slices import Look, stored_slice, unwatched
from generation.errors import PromptSetError
from generation.models import Parse, Prompt, PromptSet, Word
from generation.prompts.parsing import Parser, ParserNotFound, load_parser, parse
from generation.prompts.words import ParsedWord
from generation.selectors import words_are_used
from generation.services.words import delete_words, packed, store_words

logger = logging.getLogger(__name__)

READ_AT_ONCE = 500  # prompts
# (done, total) → anything
Tell = Callable[[int, int], object]


def queue_parse(*, prompt_set: PromptSet, parser: str = "") -> Parse:
    """The parse of the set that waits or runs, or a new one, for workers to find. Raises PromptSetError for a
    set that is still being imported, being erased, or gone."""
    with transaction.atomic():
        # A parse that ends meanwhile would leave a set that waits, and nobody who parses it.
        locked = _lock(prompt_set)
        if locked.parse_state in PromptSet.NOT_WHOLE:
            raise PromptSetError(f"The prompt set {prompt_set.name!r} {locked.obstacle}.")
        found = find_or_create(
            Parse.objects.unfinished().filter(prompt_set=prompt_set).first,
            lambda: Parse.objects.create(prompt_set=prompt_set, parser=parser),
        )
        # One of which a part is replaced stays so, for everybody, until a parse of it was done.
        PromptSet.objects.filter(pk=prompt_set.pk).exclude(parse_state__in=PromptSet.IN_PARTS).update(
            parse_state=PromptSet.ParseState.QUEUED, parse_error=""
        )
    return found


@transaction.atomic
def queue_parse_again(*, prompt_set: PromptSet, parser: str = "", by: Actor) -> Parse:
    """As somebody asks for it, of a set that was parsed, or could not be. Raises PromptSetError, as
    `queue_parse` does."""
    locked = _lock(prompt_set)
    if not Parse.objects.unfinished().filter(prompt_set=locked).exists():
        record(Action.PARSING, subject=locked, project=locked.project, by=by)
    return queue_parse(prompt_set=locked, parser=parser)


def _lock(prompt_set: PromptSet) -> PromptSet:
    locked = PromptSet.objects.select_for_update().filter(pk=prompt_set.pk).first()
    if locked is None:
        raise PromptSetError(f"The prompt set {prompt_set.name!r} was deleted.")
    return locked


def cancel_parse(parse: Parse, *, by: Actor) -> bool:
    """Words that were replaced by now stay, and the set is partly parsed; before that it is as it was."""
    with transaction.atomic():
        cancelled = parse.cancel()
        if cancelled:
            prompt_set = parse.prompt_set
            details = {"what": "parse", "done": parse.done}
            record(Action.CANCELLED, subject=prompt_set, project=prompt_set.project, by=by, details=details)
    return cancelled


def run_parse(*, parse: Parse, by: Actor, look: Look = unwatched) -> bool:
    """Carry it out; False if another worker has it, nothing is to be done, or it failed."""
    if not parse.take():
        return False
    with recorded(parse.fail, f"Parse {parse.pk}"):
        try:
            return _carry_out(parse, look, by) is not None
        except (ParserNotFound, PromptSetError) as error:
            logger.exception("Prompt set %s could not be parsed.", parse.prompt_set_id)
            parse.fail(str(error))
    return False


def parse_prompt_set(
    *, prompt_set: PromptSet, parser: str = "", tell: Tell | None = None, by: Actor = None
) -> int:
    """Give every prompt of the set its words here and now, replacing earlier ones; return how many words
    there are.

    Raises ParserNotFound, and PromptSetError where the words cannot be replaced: when a study uses them, or a
    builder chose some of them. On failure the reason is kept on the prompt set, and so are the earlier words,
    unless some are replaced already.
    """
    parse = queue_parse(prompt_set=prompt_set, parser=parser)
    if parse.parser != parser or not parse.take():
        raise PromptSetError(
            f"The prompt set {prompt_set.name!r} is being parsed already; wait for that, or cancel it on the "
            "set’s page."
        )
    try:
        words = _carry_out(parse, tell, by)
    except (ParserNotFound, PromptSetError) as error:
        parse.fail(str(error))
        raise
    if words is None:
        raise PromptSetError(f"The parse of {prompt_set.name!r} was cancelled, or taken by a worker.")
    prompt_set.refresh_from_db()
    return words


def _carry_out(row: Parse, tell: Tell | None, by: Actor) -> int | None:
    """How many words the set has in the end; None if the row is not this process's any more."""
    with kept(row):  # loading the parser may take longer than a lease, and so may one long caption
        parser = load_parser(row.parser)
        if not _begin(row, f"{parser.name} {parser.version}"):
            return None
        for prompts, words in _parsed_slices(row, parser):
            if not _store(row, prompts, words):
                return None
            if tell:
                tell(row.done, row.total or 0)
        return _finish(row, by)


@transaction.atomic
def _begin(row: Parse, parsed_by: str) -> bool:
    """Go on, or begin anew if words of another parser stand there by now."""
    prompt_set = PromptSet.objects.select_for_update().get(pk=row.prompt_set_id)
    if prompt_set.parse_state == PromptSet.ParseState.PARSING and row.parsed_by == parsed_by:
        return row.renew()
    _check_replaceable(prompt_set)
    return row.mark_begun(parsed_by=parsed_by, total=prompt_set.prompts.count())


def _check_replaceable(prompt_set: PromptSet) -> None:
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
    if words_are_used(prompt_set):
        raise PromptSetError(_used(prompt_set))


def _used(prompt_set: PromptSet) -> str:
    return (
        f"The words of {prompt_set.name!r} are used by a study and cannot be parsed again; import "
        "the prompts into a new set instead."
    )


def _parsed_slices(row: Parse, parser: Parser) -> Iterator[tuple[list[Prompt], list[Sequence[ParsedWord]]]]:
    """Prompts with their words, from the first on that has none yet; so many as are stored at once."""
    waiting: list[Prompt] = []

    def texts() -> Iterator[str]:
        for prompt in _prompts_from(row):
            waiting.append(prompt)
            yield prompt.text

    found = ((waiting.pop(0), result.words) for result in parse(parser, texts()))
    for pairs in packed(found):
        yield [prompt for prompt, _ in pairs], [words for _, words in pairs]


def _prompts_from(row: Parse) -> Iterator[Prompt]:
    """In small lists: SQLite refuses to write while rows are read."""
    position = row.position
    while prompts := list(
        Prompt.objects.filter(prompt_set=row.prompt_set_id, position__gte=position).order_by("position")[
            :READ_AT_ONCE
        ]
    ):
        yield from prompts
        position = prompts[-1].position + 1


def _store(row: Parse, prompts: list[Prompt], words: list[Sequence[ParsedWord]]) -> bool:
    """One slice; False if the row is not this process's any more."""
    try:
        with stored_slice():
            if not row.mark_stored(position=prompts[-1].position + 1, done=row.done + len(prompts)):
                return False
            delete_words(prompts)
            store_words(prompts=prompts, words=words)
    except IntegrityError as error:
        if words_are_used(row.prompt_set):
            raise PromptSetError(_used(row.prompt_set)) from error
        raise PromptSetError(
            f"Prompts of {row.prompt_set.name!r} were deleted while it was parsed; parse it again."
        ) from error
    return True


def _finish(row: Parse, by: Actor) -> int | None:
    count = Word.objects.filter(prompt__prompt_set=row.prompt_set_id).count()
    with transaction.atomic():
        if not row.finish():
            return None
        prompt_set = row.prompt_set
        details = {"parser": row.parsed_by, "words": count}
        record(Action.PARSED, subject=prompt_set, project=prompt_set.project, by=by, details=details)
    return count
