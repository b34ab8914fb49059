"""What prompt sets have in common that `imports` makes of files and `built_prompt_sets` of other prompts."""

from collections.abc import Sequence

from daamweb.names import name_problem
from daamweb.projects.models import Project
from daamweb.projects.selectors import is_archived
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


def name_is_taken(name: str) -> PromptSetError:
    return PromptSetError(f"There is a prompt set named {name!r} already; choose another name.")
