"""A task's picture, and the picture with the heat map over it; for those who take part, and for researchers
who may look at studies."""

import hashlib
import logging

from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from annotations.models import Task
from annotations.views.visitors import current_participation
from daamweb.projects.selectors import may
from generation.daam import HeatMapFileError, WordNotAttended
from generation.pictures.overlays import overlay_file

logger = logging.getLogger(__name__)

# An address names the content by its hash, so it can be kept for ever.
FOREVER = "private, max-age=31536000, immutable"
# A file that is gone, one that is not what was stored, and heat maps without the word.
UNREADABLE = (OSError, HeatMapFileError, WordNotAttended)


@require_safe
def image(request: HttpRequest, slug: str, pk: int, sha256: str) -> HttpResponse:
    """The file as it was stored when the image was made; another one is never served in its place."""
    task = _get_visible_task(request, slug, pk)
    content = _verified(task, task.generation.image, task.generation.image_sha256, asked=sha256)
    return HttpResponse(content, content_type="image/png", headers={"Cache-Control": FOREVER})


@require_safe
def overlay(request: HttpRequest, slug: str, pk: int, sha256: str) -> HttpResponse:
    """Addressed by the hash of the heat maps that it draws."""
    task = _get_visible_task(request, slug, pk)
    if task.word_id is None:
        raise Http404("This task has no word, so it has no heat map to show.")
    generation = task.generation
    _verified(task, generation.image, generation.image_sha256)
    _verified(task, generation.heat_maps, generation.heat_maps_sha256, asked=sha256)
    try:
        drawing = overlay_file(generation=generation, start=task.payload["start"], end=task.payload["end"])
    except UNREADABLE as error:
        raise _not_found(task, error) from error
    return HttpResponse(drawing, content_type="image/webp", headers={"Cache-Control": FOREVER})


def _verified(task: Task, stored: FieldFile, sha256: str, asked: str | None = None) -> bytes:
    """The file's content, if it is the one that was asked for and the one that was frozen."""
    if asked is not None and asked != sha256:
        raise Http404("This task shows no such picture.")
    try:
        with stored.open("rb") as file:
            content = file.read()
    except OSError as error:
        raise _not_found(task, error) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise _not_found(task, f"{stored.name} is not the file that was frozen")
    return content


def _get_visible_task(request: HttpRequest, slug: str, pk: int) -> Task:
    """Raises Http404 also for those who may not see it: it does not tell them what exists."""
    task = get_object_or_404(Task.objects.select_related("study", "generation"), pk=pk, study__slug=slug)
    takes_part = current_participation(request, task.study) is not None
    if not takes_part and not may(request.user, "view", task.study):
        raise Http404("Only those who take part see this study's pictures.")
    return task


def _not_found(task: Task, error: object) -> Http404:
    """Told to the log, since the annotator can do nothing about it."""
    logger.error("The picture of task %s cannot be shown: %s", task.pk, error)
    return Http404("The image file or its heat maps cannot be read.")
