"""Delete runs and prompt sets whole, files too, in slices: for erasures; and single rows."""

from collections.abc import Iterable
from itertools import chain

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from daamweb.projects.errors import ProjectError
from daamweb.projects.holdings import Gone
from daamweb.projects.services.events import Actor
from daamweb.projects.services.rows import delete_row
from daamweb.work.slices import Pace, stored_slice
from generation.models import Generation, GenerationRun, Import, Parse, PromptSet
from generation.pictures.files import FOLDER, HEAT_MAPS, drawings_of, remove_drawings
from generation.selectors import is_needed
from generation.services.generations import folder_of
from generation.services.words import delete_words

AT_ONCE = 200
PROMPTS_AT_ONCE = 50  # with their words


def erase_run(run: GenerationRun, gone: Gone) -> None:
    """With its images. No file goes before its row: what a worker that is killed in between leaves is found
    in the run's folder. One that is making an image finds that it is not its any more, and keeps nothing.
    Raises ProjectError."""
    set_run_aside(run)
    while some := list(run.generations.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        images = run.generations.filter(pk__in=some)
        with stored_slice():
            files = files_of(images)
            images.delete()
        remove_files(files)
        gone(len(some))
    remove_files(_left_over(run))
    run.delete()
    gone(1)


def delete_with_files(*, generation: Generation, by: Actor) -> bool:
    """As `delete_row`, and the files once that is certain."""
    with transaction.atomic():
        files = files_of(Generation.objects.filter(pk=generation.pk))
        if not delete_row(row=generation, by=by):
            return False
        transaction.on_commit(lambda: remove_files(files))
    return True


def files_of(images: QuerySet[Generation]) -> list[str]:
    pairs = images.values_list("image", "heat_maps")
    return [name for pair in pairs for name in pair if name]


def remove_files(names: Iterable[str]) -> None:
    """And what was drawn of them."""
    for name in names:
        default_storage.delete(name)
        if name.endswith(HEAT_MAPS):
            remove_drawings(name)


def _left_over(run: GenerationRun) -> list[str]:
    """What a worker stored and was killed before it wrote the row."""
    folder = folder_of(run.pk)
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return []
    drawings = [drawings_of(f"{folder}/{name.removesuffix(FOLDER)}") for name in folders]
    return [*(f"{folder}/{name}" for name in files), *chain.from_iterable(drawings)]


@transaction.atomic
def set_run_aside(run: GenerationRun) -> None:
    """No more images are made, and no study is built on it. Raises ProjectError."""
    locked = GenerationRun.objects.select_for_update().filter(pk=run.pk).first()
    if locked is None:
        raise ProjectError(f"“{run}” was deleted meanwhile.")
    if is_needed(locked):
        raise ProjectError(f"A study stands on the run “{locked}”, which cannot be erased before that is.")
    GenerationRun.objects.filter(pk=run.pk, set_aside_at=None).update(set_aside_at=timezone.now())


@transaction.atomic
def set_prompt_set_aside(prompt_set: PromptSet) -> None:
    """Nothing is made of it any more, and nobody stores anything in it. Raises ProjectError."""
    imports = _lock_imports(prompt_set)
    locked = PromptSet.objects.select_for_update().filter(pk=prompt_set.pk).first()
    if locked is None:
        raise ProjectError(f"“{prompt_set}” was deleted meanwhile.")
    if is_needed(locked):
        raise ProjectError(f"“{locked}” has runs; it cannot be erased before they are.")
    for row in (*imports, *Parse.objects.filter(prompt_set=locked)):
        row.cancel()
    PromptSet.objects.filter(pk=locked.pk).update(parse_state=PromptSet.ParseState.ERASING, parse_error="")


def erase_prompt_set(prompt_set: PromptSet, gone: Gone) -> None:
    _delete_prompts(prompt_set, gone)
    _delete_set(prompt_set)
    gone(1)


@transaction.atomic
def _delete_set(prompt_set: PromptSet) -> None:
    """Locked before its parses and behind its import, as everywhere."""
    _lock_imports(prompt_set)
    PromptSet.objects.select_for_update().filter(pk=prompt_set.pk).first()
    prompt_set.delete()


def _lock_imports(prompt_set: PromptSet) -> list[Import]:
    """An import's transactions begin with its own row and write the set behind that: two who lock them in
    turn wait for each other. One that has ended is locked, too: nobody tries it again meanwhile, and no set
    gets another one."""
    return list(Import.objects.select_for_update().filter(prompt_set=prompt_set))


def _delete_prompts(prompt_set: PromptSet, gone: Gone) -> None:
    """In slices, words first. Django would look at each word of a prompt, and at what hangs on it, which
    takes seconds where prompts are long."""
    pace = Pace(first=PROMPTS_AT_ONCE, fewest=5, most=1_000)
    while prompts := list(prompt_set.prompts.order_by("pk")[: pace.at_once]):
        with pace.slice():
            delete_words(prompts)
            prompt_set.prompts.filter(pk__in=[prompt.pk for prompt in prompts]).delete()
        gone(len(prompts))


def erase_import(row: Import, gone: Gone) -> None:
    row.cancel()
    remove_leftovers(row, gone)
    row.delete()
    gone(1)


def remove_leftovers(row: Import, gone: Gone = lambda rows: None) -> None:
    """Of an import that ended: the file, and a set that is not whole. May be killed, and done twice."""
    prompt_set = row.set_in_parts().first()
    if prompt_set is not None:
        _delete_prompts(prompt_set, gone)
        _delete_set(prompt_set)
    if row.file.name:
        default_storage.delete(row.file.name)
        Import.objects.filter(pk=row.pk).update(file="")


def delete_in_slices(rows: QuerySet[Model], gone: Gone, at_once: int = AT_ONCE) -> None:
    """Each in a transaction of its own, which is over in less than half a second."""
    while some := list(rows.order_by("pk").values_list("pk", flat=True)[:at_once]):
        with stored_slice():
            rows.model._base_manager.filter(pk__in=some).delete()
        gone(len(some))
