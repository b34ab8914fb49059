"""Make prompt sets of files: read, held against the rules, and stored in slices, by a request, a command or a
worker."""

import hashlib
import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from daamweb.projects.holdings import Gone
from daamweb.projects.models import Action, Project
from daamweb.projects.services.events import SITE, Actor, record
from daamweb.work.attempts import recorded
from daamweb.work.heartbeats import kept
from daamweb.work.slices import stored_slice
from generation.errors import PromptSetError
from generation.models import Import, PromptSet
from generation.prompts.captions import Caption, CaptionFile, CaptionFileError, RowError, read_captions
from generation.services.prompt_sets import check_new_name, create_prompts, name_is_taken
from generation.services.words import delete_words, packed, store_words

logger = logging.getLogger(__name__)

# More than this is a worker's, since a request must not take long: bytes to read, captions to store.
MOST_AT_ONCE = 128 * 1024
MOST_CAPTIONS_AT_ONCE = 500
# Of the bad rows, an import keeps so many with their reasons, and counts all.
KEPT_BAD_ROWS = 1000
REMOVED_AT_ONCE = 100  # prompts, with their words
IMPORTING = PromptSet.ParseState.IMPORTING
# (done, total) → anything
Tell = Callable[[int, int], object]


@dataclass(frozen=True)
class ImportResult:
    """What an import did, or (dry run, invalid rows) would have done."""

    prompt_set: PromptSet | None
    captions: int
    errors: tuple[RowError, ...]
    format: str

    def imported(self) -> PromptSet:
        """The prompt set that was made. Raises PromptSetError if none was."""
        if self.prompt_set is None:
            raise PromptSetError(
                f"Nothing was imported: bad rows ({len(self.errors)}), or a dry run. Mend the rows, or "
                "import the good ones although others are bad."
            )
        return self.prompt_set


def import_prompts(
    *,
    project: Project,
    name: str,
    content: bytes,
    file_name: str,
    format: str = "auto",
    skip_invalid: bool = False,
    dry_run: bool = False,
    tell: Tell | None = None,
    by: Actor = None,
) -> ImportResult:
    """Make a prompt set of a caption file, here and now. One that is killed on the way is finished by a
    worker if the file is long, and removed otherwise.

    With bad rows nothing is imported unless `skip_invalid`; the rows and reasons are in the result either
    way. Raises CaptionFileError when the file as a whole cannot be read, PromptSetError when the name is
    taken or no caption is left.
    """
    check_new_name(project, name)
    captions = read_captions(content, format=format, file_name=file_name)
    refused = bool(captions.errors) and not skip_invalid
    if not refused:
        _check_any_left(captions, file_name)
    prompt_set = None
    if not dry_run and not refused:
        is_long = len(captions.captions) > MOST_CAPTIONS_AT_ONCE
        row = request_import(
            project=project, name=name, content=content if is_long else None, file_name=file_name,
            format=captions.format, skip_invalid=skip_invalid, by=by,
        )  # fmt: skip
        prompt_set = _import_now(row, captions, hashlib.sha256(content).hexdigest(), tell, by)
    return ImportResult(prompt_set, len(captions.captions), tuple(captions.errors), captions.format)


def _import_now(row: Import, captions: CaptionFile, sha256: str, tell: Tell | None, by: Actor) -> PromptSet:
    taken = row.take()
    try:
        with kept(row):  # a command may bring more than is stored in a lease
            done = taken and _store_all(row, captions, sha256, tell, by)
    except PromptSetError as error:
        row.fail(str(error))
        remove_leftovers(row)
        raise
    if not done or row.prompt_set is None:
        raise PromptSetError(f"The import of {row.name!r} was cancelled, or taken by a worker.")
    remove_leftovers(row)
    row.prompt_set.refresh_from_db()
    return row.prompt_set


def request_import(
    *,
    project: Project,
    name: str,
    content: bytes | None,
    file_name: str,
    format: str = "auto",
    skip_invalid: bool = False,
    by: Actor = None,
) -> Import:
    """An import for workers to find, of the file that is stored; its set is there, and not whole. Raises
    PromptSetError."""
    check_new_name(project, name)
    stored = ""
    if content is not None:
        stored = default_storage.save(f"imports/{uuid.uuid4().hex}", ContentFile(content))
    try:
        with transaction.atomic():
            prompt_set = PromptSet.objects.create(
                project=project, name=name, origin=format, recipe={"file": file_name}, parse_state=IMPORTING
            )
            return Import.objects.create(
                project=project, prompt_set=prompt_set, name=name, file_name=file_name[:255], format=format,
                skip_invalid=skip_invalid, file=stored, asked_by=by if isinstance(by, User) else None,
                # Whoever asks carries it out, or tells a worker; the sweep waits for a lease.
                poked_at=timezone.now(),
            )  # fmt: skip
    except IntegrityError as error:
        if stored:
            default_storage.delete(stored)
        raise name_is_taken(name) from error


def run_import(*, row: Import) -> bool:
    """Carry it out, and remove what is left over of one that ended; False if another worker has it, nothing
    is to be done, or it failed."""
    done = False
    if row.take():
        with recorded(row.fail, f"Import {row.pk}"):
            try:
                done = _read_and_store(row)
            except (CaptionFileError, PromptSetError) as error:
                row.fail(sentence(error))
    row.refresh_from_db()
    if not row.is_unfinished:
        remove_leftovers(row)
    return done


def _read_and_store(row: Import) -> bool:
    with kept(row):  # reading a long file takes its time
        if not row.file:
            raise PromptSetError("The process that imported it was stopped. Import the file again.")
        with row.file.open("rb") as file:
            content = file.read()
        captions = read_captions(content, format=row.format, file_name=row.file_name)
        if captions.errors and not row.skip_invalid:
            row.mark_begun(total=len(captions.captions), **_bad_rows(captions))
            raise PromptSetError(
                f"Nothing was imported: of {len(captions.captions) + len(captions.errors)} rows, "
                f"{len(captions.errors)} are bad. Mend them, or import the good ones although others are bad."
            )
        _check_any_left(captions, row.file_name)
        return _store_all(row, captions, hashlib.sha256(content).hexdigest(), None, row.asked_by or SITE)


def _check_any_left(captions: CaptionFile, file_name: str) -> None:
    if not captions.captions:
        raise PromptSetError(f"{file_name}: no valid caption is left, so there is nothing to import.")


def _bad_rows(captions: CaptionFile) -> dict[str, Any]:
    return {
        "bad_rows": [asdict(error) for error in captions.errors[:KEPT_BAD_ROWS]],
        "bad_row_count": len(captions.errors),
    }


def _store_all(row: Import, captions: CaptionFile, sha256: str, tell: Tell | None, by: Actor) -> bool:
    """From where it was; False if the row is not this process's any more."""
    total = len(captions.captions)
    # CoNLL-U brings its own words; the set counts as parsed only if every sentence did.
    annotated = all(caption.words for caption in captions.captions)
    with transaction.atomic():
        if not row.mark_begun(total=total, **_bad_rows(captions)):
            return False
        _importing(row).update(
            origin=captions.format,
            recipe={
                "file": row.file_name,
                "sha256": sha256,
                "skipped_rows": [asdict(error) for error in captions.errors],
            },
        )
    for slice_ in packed(_with_words(captions.captions[row.position :], annotated)):
        if not _store(row, [caption for caption, _ in slice_], [words for _, words in slice_]):
            return False
        if tell:
            tell(row.position, total)
    with transaction.atomic():
        if not row.mark_whole(parser=f"{captions.format} file" if annotated else ""):
            return False
        details = {"origin": captions.format}
        record(Action.MADE, subject=_set_of(row), project=row.project, by=by, details=details)
    return True


def _with_words(captions: Sequence[Caption], annotated: bool) -> Iterator[tuple[Caption, Sequence[Any]]]:
    return ((caption, (caption.words or ()) if annotated else ()) for caption in captions)


def _store(row: Import, captions: list[Caption], words: list[Sequence[Any]]) -> bool:
    """One slice; False if the row is not this process's any more."""
    first = row.position
    with stored_slice():
        if not row.mark_stored(position=first + len(captions)):
            return False
        prompts = create_prompts(_set_of(row), captions, first=first)
        store_words(prompts=prompts, words=words)
    return True


def _importing(row: Import) -> Any:
    return PromptSet.objects.filter(made_by_import=row.pk, parse_state=IMPORTING)


def _set_of(row: Import) -> PromptSet:
    """Raises PromptSetError once somebody deleted it."""
    found = PromptSet.objects.filter(made_by_import=row.pk).first()
    if found is None:
        raise PromptSetError("The prompt set was deleted while it was imported.")
    return found


def cancel_import(row: Import, *, by: Actor) -> bool:
    """What was stored by now is removed afterwards, by `remove_leftovers`."""
    with transaction.atomic():
        cancelled = row.cancel()
        if cancelled:
            details = {"what": "import", "done": row.done}
            record(Action.CANCELLED, subject=row, project=row.project, by=by, details=details)
    return cancelled


def remove_leftovers(row: Import) -> None:
    """Of an import that ended: the file, and a set that is not whole. May be killed, and done twice."""
    prompt_set = _importing(row).first()
    if prompt_set is not None:
        while prompts := list(prompt_set.prompts.order_by("pk")[:REMOVED_AT_ONCE]):
            with stored_slice():
                delete_words(prompts)
                prompt_set.prompts.filter(pk__in=[prompt.pk for prompt in prompts]).delete()
        prompt_set.delete()
    if row.file.name:
        default_storage.delete(row.file.name)
        Import.objects.filter(pk=row.pk).update(file="")


def erase_import(row: Import, gone: Gone) -> None:
    row.cancel()
    remove_leftovers(row)
    row.delete()
    gone(1)


def sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
