"""Make prompt sets; `imports` makes them of files, `built_prompt_sets` of other prompts."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from daamweb.names import name_problem
from daamweb.projects.models import Action, Project
from daamweb.projects.selectors import is_archived
from daamweb.projects.services.events import Actor, record
from generation.errors import PromptSetError
from generation.models import Prompt, PromptSet
from generation.prompts.captions import Caption


def create_prompts(prompt_set: PromptSet, captions: Sequence[Caption], first: int = 0) -> list[Prompt]:
    return Prompt.objects.bulk_create(
        [
            Prompt(
                prompt_set=prompt_set,
                position=position,
                external_id=caption.external_id,
                text=caption.text,
                metadata=dict(caption.metadata),
            )
            for position, caption in enumerate(captions, start=first)
        ],
        batch_size=500,
    )


def check_new_name(project: Project, name: str) -> None:
    if problem := name_problem(name):
        raise PromptSetError(f"The prompt set’s name: {problem}")
    if is_archived(project):
        raise PromptSetError(f"The project “{project}” is archived; restore it first.")
    if PromptSet.objects.filter(project=project, name=name).exists():
        raise name_is_taken(name)


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
        raise name_is_taken(name) from error
    return made


def name_is_taken(name: str) -> PromptSetError:
    return PromptSetError(f"There is a prompt set named {name!r} already; choose another name.")
