"""Make prompt sets, of files; others are built, see `built_prompt_sets`."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError, transaction

from daamweb.names import name_problem
from daamweb.projects.models import Action, Project
from daamweb.projects.selectors import is_archived
from daamweb.projects.services.events import Actor, record
from generation.errors import PromptSetError
from generation.models import Prompt, PromptSet
from generation.prompts.captions import Caption, CaptionFile, RowError, read_captions
from generation.services.words import store_words


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
    by: Actor = None,
) -> ImportResult:
    """Make a prompt set of a caption file.

    With bad rows nothing is imported unless `skip_invalid`; the rows and reasons are in the result either
    way. Raises CaptionFileError when the file as a whole cannot be read, PromptSetError when the name is
    taken or no caption is left.
    """
    check_new_name(project, name)
    captions = read_captions(content, format=format, file_name=file_name)
    refused = bool(captions.errors) and not skip_invalid
    if not refused and not captions.captions:
        raise PromptSetError(f"{file_name}: no valid caption is left, so there is nothing to import.")
    prompt_set = None
    if not dry_run and not refused:
        prompt_set = _store_captions(
            project=project, name=name, captions=captions, content=content, file_name=file_name, by=by
        )
    return ImportResult(prompt_set, len(captions.captions), tuple(captions.errors), captions.format)


def _store_captions(
    *, project: Project, name: str, captions: CaptionFile, content: bytes, file_name: str, by: Actor
) -> PromptSet:
    recipe = {
        "file": file_name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "skipped_rows": [asdict(error) for error in captions.errors],
    }
    # CoNLL-U brings its own words; the set counts as parsed only if every sentence did.
    annotated = all(caption.words for caption in captions.captions)
    with transaction.atomic():
        prompt_set = create_prompt_set(
            project=project, name=name, origin=captions.format, recipe=recipe, by=by
        )
        prompts = create_prompts(prompt_set, captions.captions)
        if annotated:
            store_words(prompts=prompts, words=[caption.words or () for caption in captions.captions])
            prompt_set.parser = f"{captions.format} file"
            prompt_set.parse_state = PromptSet.ParseState.PARSED
            prompt_set.save(update_fields=["parser", "parse_state"])
    return prompt_set


def create_prompts(prompt_set: PromptSet, captions: Iterable[Caption]) -> list[Prompt]:
    return Prompt.objects.bulk_create(
        [
            Prompt(
                prompt_set=prompt_set,
                position=position,
                external_id=caption.external_id,
                text=caption.text,
                metadata=dict(caption.metadata),
            )
            for position, caption in enumerate(captions)
        ],
        batch_size=500,
    )


def check_new_name(project: Project, name: str) -> None:
    if problem := name_problem(name):
        raise PromptSetError(f"The prompt set’s name: {problem}")
    if is_archived(project):
        raise PromptSetError(f"The project “{project}” is archived; restore it first.")
    if PromptSet.objects.filter(project=project, name=name).exists():
        raise PromptSetError(f"There is a prompt set named {name!r} already; choose another name.")


def create_prompt_set(
    *,
    project: Project,
    name: str,
    origin: str,
    recipe: dict[str, Any],
    parser: str = "",
    parse_state: str = PromptSet.ParseState.NOT_ASKED,
    by: Actor,
) -> PromptSet:
    try:
        with transaction.atomic():
            made = PromptSet.objects.create(
                project=project,
                name=name,
                origin=origin,
                recipe=recipe,
                parser=parser,
                parse_state=parse_state,
            )
            record(Action.MADE, subject=made, project=project, by=by, details={"origin": origin})
    except IntegrityError as error:
        raise PromptSetError(f"There is a prompt set named {name!r} already; choose another name.") from error
    return made
