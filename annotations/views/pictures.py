"""A task's picture, and the picture with the heat map over it; for those who take part, and for researchers
who may look at studies."""

import logging

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from annotations.models import Task
from annotations.views.visitors import current_participation, may_look
from generation.daam import HeatMapFileError, WordNotAttended
from generation.selectors import overlay_file

logger = logging.getLogger(__name__)

# A task and its files never change once it is published.
FOREVER = "private, max-age=31536000, immutable"
# A file that is gone, one that is not what was stored, and heat maps without the word.
UNREADABLE = (OSError, HeatMapFileError, WordNotAttended)


@require_safe
def image(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The file as it is stored."""
    task = _get_visible_task(request, slug, pk)
    try:
        file = task.generation.image.open("rb")
    except UNREADABLE as error:
        raise _not_found(task, error) from error
    return FileResponse(file, headers={"Cache-Control": FOREVER})


@require_safe
def overlay(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    task = _get_visible_task(request, slug, pk)
    if task.word_id is None:
        raise Http404("This task has no word, so it has no heat map to show.")
    try:
        drawing = overlay_file(
            generation=task.generation, start=task.payload["start"], end=task.payload["end"]
        )
    except UNREADABLE as error:
        raise _not_found(task, error) from error
    return HttpResponse(drawing, content_type="image/webp", headers={"Cache-Control": FOREVER})


def _get_visible_task(request: HttpRequest, slug: str, pk: int) -> Task:
    """Raises Http404 also for those who may not see it: it does not tell them what exists."""
    task = get_object_or_404(Task.objects.select_related("study", "generation"), pk=pk, study__slug=slug)
    if not may_look(request.user) and current_participation(request, task.study) is None:
        raise Http404("Only those who take part see this study's pictures.")
    return task


def _not_found(task: Task, error: Exception) -> Http404:
    """Told to the log, since the annotator can do nothing about it."""
    logger.error("The picture of task %s cannot be shown: %s", task.pk, error)
    return Http404("The image file or its heat maps cannot be read.")
