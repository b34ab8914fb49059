"""Make prompt sets of files, and of what was built: read, held against the rules, and stored in slices, by a
request, a command or a worker."""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from daamweb.projects.models import Action, Project
from daamweb.projects.services.events import SITE, Actor, record
from daamweb.work.attempts import recorded
from daamweb.work.heartbeats import kept
from daamweb.work.slices import Look, stored_slice, unwatched
from generation.errors import PromptSetError
from generation.models import Import, PromptSet
from generation.prompts.built import BuiltSet, read_built, write_built
from generation.prompts.captions import Caption, CaptionFile, CaptionFileError, RowError, read_captions
from generation.services.erasing import remove_leftovers
from generation.services.import_requests import request_import
from generation.services.parses import queue_parse
from generation.services.prompt_sets import check_new_name, create_prompts
from generation.services.words import packed, store_words

logger = logging.getLogger(__name__)

# More than this is a worker's, since a request must not take long: bytes to read, captions to store, and the
# words that they bring.
MOST_AT_ONCE = 128 * 1024
MOST_CAPTIONS_AT_ONCE = 500
MOST_WORDS_AT_ONCE = 2_000
# Of the bad rows, an import keeps so many with their reasons, and counts all.
KEPT_BAD_ROWS = 1000
# The format of a file that holds what was built.
BUILT = "built"
# (done, total) → anything
Tell = Callable[[int, int], object]


@dataclass(frozen=True)
class ImportResult:
    """What an import did, or (dry run, invalid rows) would have done."""

    prompt_set: PromptSet | None
    captions: int
    errors: tuple[RowError, ...]
    format: str
    is_long: bool

    def imported(self) -> PromptSet:
        """The prompt set that was made. Raises PromptSetError if none was."""
        if self.prompt_set is None:
            raise PromptSetError(
                f"Nothing was imported: bad rows ({len(self.errors)}), or a dry run. Mend the rows, or "
                "import the good ones although others are bad."
            )
        return self.prompt_set


@dataclass(frozen=True)
class Bringing:
    """What is brought in for an import's row."""

    row: Import
    content: BuiltSet
    errors: Sequence[RowError]
    ask_parse: bool
    by: Actor


def takes_long(captions: Sequence[Caption]) -> bool:
    """Whether to store them is a worker's."""
    words = sum(len(caption.words or ()) for caption in captions)
    return len(captions) > MOST_CAPTIONS_AT_ONCE or words > MOST_WORDS_AT_ONCE


def _of_file(captions: CaptionFile, file_name: str, content: bytes) -> BuiltSet:
    """CoNLL-U brings its own words; the set counts as parsed only if every sentence did."""
    annotated = all(caption.words for caption in captions.captions)
    recipe = {
        "file": file_name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "skipped_rows": [asdict(error) for error in captions.errors],
    }
    parser = f"{captions.format} file" if annotated else ""
    return BuiltSet(captions.format, recipe, captions.captions, annotated, parser)


def import_prompts(
    *,
    project: Project,
    name: str,
    content: bytes,
    file_name: str,
    format: str = "auto",
    skip_invalid: bool = False,
    dry_run: bool = False,
    ask_parse: bool = False,
    tell: Tell | None = None,
    by: Actor = None,
) -> ImportResult:
    """Make a prompt set of a caption file, here and now. One that is killed on the way is finished by a
    worker if the file is long, and removed otherwise. `ask_parse`: where the file brings no words, a parse
    waits from the moment on that the set is whole.

    With bad rows nothing is imported unless `skip_invalid`; the rows and reasons are in the result either
    way. Raises CaptionFileError when the file as a whole cannot be read, PromptSetError when the name is
    taken or no caption is left.
    """
    check_new_name(project, name)
    captions = read_captions(content, format=format, file_name=file_name)
    refused = bool(captions.errors) and not skip_invalid
    if not refused:
        _check_any_left(captions, file_name)
    prompt_set, is_long = None, takes_long(captions.captions)
    if not dry_run and not refused:
        row = request_import(
            project=project, name=name, content=content if is_long else None, file_name=file_name,
            format=captions.format, skip_invalid=skip_invalid, by=by,
        )  # fmt: skip
        read = _of_file(captions, row.file_name, content)
        prompt_set = _import_now(Bringing(row, read, captions.errors, ask_parse, by), tell)
    return ImportResult(prompt_set, len(captions.captions), tuple(captions.errors), captions.format, is_long)


def import_built(
    *, project: Project, name: str, built: BuiltSet, ask_parse: bool = False, by: Actor = None
) -> PromptSet:
    """Store what was built, here and now, as `import_prompts` does a file. Raises PromptSetError."""
    row = request_built(project=project, name=name, built=built, by=by)
    return _import_now(Bringing(row, built, (), ask_parse, by), None)


def request_built(*, project: Project, name: str, built: BuiltSet, by: Actor) -> Import:
    """An import of what was built; where that takes long, with a file for workers. Raises PromptSetError."""
    return request_import(
        project=project, name=name, content=write_built(built) if takes_long(built.captions) else None,
        file_name=f"built: {built.origin}", format=BUILT, by=by,
    )  # fmt: skip


def _import_now(bringing: Bringing, tell: Tell | None) -> PromptSet:
    row = bringing.row
    taken = row.take()
    try:
        with kept(row):  # a command may bring more than is stored in a lease
            done = taken and _store_all(bringing, tell)
    except PromptSetError as error:
        row.refuse(str(error))
        remove_leftovers(row)
        raise
    if not done or row.prompt_set is None:
        raise PromptSetError(f"The import of {row.name!r} was cancelled, or taken by a worker.")
    remove_leftovers(row)
    row.prompt_set.refresh_from_db()
    return row.prompt_set


def run_import(*, row: Import, look: Look = unwatched) -> bool:
    """Carry it out, and remove what is left over of one that ended for good; False if another worker has it,
    nothing is to be done, or it failed. What fails for a reason outside of the file can be tried again."""
    done = False
    if row.take():
        with recorded(row.fail, f"Import {row.pk}"):
            try:
                done = _read_and_store(row, look)
            except (CaptionFileError, PromptSetError) as error:
                row.refuse(sentence(error))
    row.refresh_from_db()
    if row.has_leftovers():
        remove_leftovers(row, look)
    return done


def _read_and_store(row: Import, look: Look) -> bool:
    with kept(row):  # reading a long file takes its time
        if not row.file:
            raise PromptSetError("The process that imported it was stopped. Import the file again.")
        try:
            with row.file.open("rb") as file:
                content = file.read()
        except FileNotFoundError as error:
            raise PromptSetError("The file is not there any more. Import it again.") from error
        by: Actor = row.asked_by or SITE
        if row.format == BUILT:
            built = read_built(content)
            return _store_all(Bringing(row, built, (), ask_parse=True, by=by), look)
        captions = read_captions(content, format=row.format, file_name=row.file_name)
        if captions.errors and not row.skip_invalid:
            row.mark_begun(total=len(captions.captions), **_bad_rows(captions.errors))
            raise PromptSetError(
                f"Nothing was imported: of {len(captions.captions) + len(captions.errors)} rows, "
                f"{len(captions.errors)} are bad. Mend them, or import the good ones although others are bad."
            )
        _check_any_left(captions, row.file_name)
        read = _of_file(captions, row.file_name, content)
        return _store_all(Bringing(row, read, captions.errors, ask_parse=True, by=by), look)


def _check_any_left(captions: CaptionFile, file_name: str) -> None:
    if not captions.captions:
        raise PromptSetError(f"{file_name}: no valid caption is left, so there is nothing to import.")


def _bad_rows(errors: Sequence[RowError]) -> dict[str, Any]:
    return {
        "bad_rows": [asdict(error) for error in errors[:KEPT_BAD_ROWS]],
        "bad_row_count": len(errors),
    }


def _store_all(bringing: Bringing, tell: Tell | None) -> bool:
    """From where it was; False if the row is not this process's any more."""
    row, content = bringing.row, bringing.content
    total = len(content.captions)
    with transaction.atomic():
        if not row.mark_begun(total=total, **_bad_rows(bringing.errors)):
            return False
        row.set_in_parts().update(origin=content.origin, recipe=dict(content.recipe))
    for slice_ in packed(_with_words(content, row.position)):
        if not _store(row, [number for number, _ in slice_], [words for _, words in slice_], content):
            return False
        if tell:
            tell(row.position, total)
    with transaction.atomic():
        made = _set_of(row)
        if not row.mark_whole(is_parsed=content.has_words, parser=content.parser):
            return False
        details = {"origin": content.origin}
        record(Action.MADE, subject=made, project=row.project, by=bringing.by, details=details)
        if bringing.ask_parse and not content.has_words:
            queue_parse(prompt_set=made)
    return True


def _with_words(content: BuiltSet, first: int) -> Iterator[tuple[int, Sequence[Any]]]:
    """Captions from that one on, by number."""
    for number in range(first, len(content.captions)):
        yield number, (content.captions[number].words or ()) if content.has_words else ()


def _store(row: Import, numbers: list[int], words: list[Sequence[Any]], content: BuiltSet) -> bool:
    """One slice; False if the row is not this process's any more."""
    captions = [content.captions[number] for number in numbers]
    roles = [content.roles[number] for number in numbers] if content.roles else None
    with stored_slice():
        if not row.mark_stored(position=numbers[-1] + 1):
            return False
        prompts = create_prompts(_set_of(row), captions, first=numbers[0])
        store_words(prompts=prompts, words=words, roles=roles)
    return True


def _set_of(row: Import) -> PromptSet:
    """Raises PromptSetError once somebody deleted it, or it is being erased."""
    found = row.set_in_parts().first()
    if found is None:
        raise PromptSetError("The prompt set was deleted while it was imported.")
    return found


def sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
