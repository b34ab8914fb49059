"""Delete runs and prompt sets whole, files too, in slices: for erasures only."""

from django.core.files.storage import default_storage
from django.db.models import Model, QuerySet

from daamweb.projects.holdings import Gone
from generation.models import GenerationRun, PromptSet

AT_ONCE = 200


def erase_run(run: GenerationRun, gone: Gone) -> None:
    """With its images. Files go first: a worker that is killed in between leaves rows, by which they are
    found again. One that is making an image finds its row gone, and keeps nothing."""
    images = run.generations.order_by("pk")
    while some := list(images.only("pk", "image", "heat_maps")[:AT_ONCE]):
        for image in some:
            for stored in (image.image, image.heat_maps):
                if stored.name:
                    default_storage.delete(stored.name)
        run.generations.filter(pk__in=[image.pk for image in some]).delete()
        gone(len(some))
    run.delete()
    gone(1)


def erase_prompt_set(prompt_set: PromptSet, gone: Gone) -> None:
    delete_in_slices(prompt_set.prompts.all(), gone)
    prompt_set.delete()
    gone(1)


def delete_in_slices(rows: QuerySet[Model], gone: Gone, at_once: int = AT_ONCE) -> None:
    """Each in a transaction of its own, which is over in less than half a second."""
    while some := list(rows.order_by("pk").values_list("pk", flat=True)[:at_once]):
        rows.model._base_manager.filter(pk__in=some).delete()
        gone(len(some))
