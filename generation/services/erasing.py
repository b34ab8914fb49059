"""Delete runs and prompt sets whole, files too, in slices: for erasures; and single rows."""

from collections.abc import Iterable
from itertools import chain

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from daamweb.projects.holdings import Gone
from daamweb.projects.services.events import Actor
from daamweb.projects.services.rows import delete_row
from daamweb.work.slices import stored_slice
from generation.models import Generation, GenerationRun, PromptSet
from generation.pictures.files import FOLDER, HEAT_MAPS, drawings_of, remove_drawings
from generation.services.generations import folder_of

AT_ONCE = 200


def erase_run(run: GenerationRun, gone: Gone) -> None:
    """With its images. Files go first: a worker that is killed in between leaves rows, by which they are
    found again. One that is making an image finds that it is not its any more, and keeps nothing."""
    while some := list(run.generations.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        images = run.generations.filter(pk__in=some)
        images.exclude(state=Generation.State.DONE).update(
            state=Generation.State.FAILED,
            claim=None,
            lease_expires_at=None,
            error="The run is being erased.",
            finished_at=timezone.now(),
        )
        remove_files(files_of(images))
        images.delete()
        gone(len(some))
    remove_files(_left_over(run))
    run.delete()
    gone(1)


def delete_with_files(*, row: GenerationRun | Generation, by: Actor) -> bool:
    """As `delete_row`, and the files once that is certain."""
    images = Generation.objects.filter(pk=row.pk) if isinstance(row, Generation) else row.generations.all()
    with transaction.atomic():
        files = files_of(images)
        if not delete_row(row=row, by=by):
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


def erase_prompt_set(prompt_set: PromptSet, gone: Gone) -> None:
    delete_in_slices(prompt_set.prompts.all(), gone)
    prompt_set.delete()
    gone(1)


def delete_in_slices(rows: QuerySet[Model], gone: Gone, at_once: int = AT_ONCE) -> None:
    """Each in a transaction of its own, which is over in less than half a second."""
    while some := list(rows.order_by("pk").values_list("pk", flat=True)[:at_once]):
        with stored_slice():
            rows.model._base_manager.filter(pk__in=some).delete()
        gone(len(some))
