"""The researcher's gallery: a run's images, and one image with the heat map of every word; and the pictures
that other pages name by signed addresses."""

import logging
from typing import Any

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from daamweb.projects.selectors import get_allowed, may
from daamweb.requests import HtmxRequest, current_user
from daamweb.waiting.polled import for_staff
from generation import selectors
from generation.daam import HeatMapFileError, WordNotAttended
from generation.errors import PictureError, RunError
from generation.gallery import gallery_page
from generation.jobs import start_run
from generation.models import Generation, GenerationRun, Import
from generation.pictures.addresses import picture_at
from generation.pictures.files import read_picture, stored_picture
from generation.pictures.overlays import overlay_file
from generation.services.runs import cancel_waiting, retry_failed

logger = logging.getLogger(__name__)

MAX_BAD_ROWS = 100
# A file that is gone, and one that is not what was stored.
UNREADABLE = (OSError, HeatMapFileError)

# A finished image and its heat maps never change.
kept_forever = cache_control(private=True, max_age=31_536_000, immutable=True)
# Whoever has the address may see it, so that proxies may keep it, too.
FOREVER = "public, max-age=31536000, immutable"
# Where a store's own addresses are good for an hour.
FOR_A_WHILE = "private, max-age=1800"


@staff_member_required
@require_safe
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_allowed(Import.objects.select_related("prompt_set"), request.user, pk=pk)
    context = {
        "row": row,
        "bad_rows": row.bad_rows[:MAX_BAD_ROWS],
        "is_being_removed": row.prompt_set is not None and row.has_leftovers(),
    }
    return render(request, "generation/import.html", context)


@for_staff
@require_safe
@vary_on_headers("HX-Request")
def run(request: HtmxRequest, pk: int) -> HttpResponse:
    runs = GenerationRun.objects.select_related("prompt_set")
    generation_run = get_allowed(runs, request.user, pk=pk)
    progress = selectors.run_progress(generation_run)
    context = {
        "run": generation_run,
        "may_change": may(request.user, "change", generation_run) and not generation_run.obstacle,
        "progress": progress,
        "some_wait": not progress.is_finished and generation_run.generations.waiting().exists(),
        "page": gallery_page(generation_run, request.GET),
    }
    # While images are being made, htmx asks for this part of the page again and again.
    return render(request, "generation/_run_images.html" if request.htmx else "generation/run.html", context)


@staff_member_required
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    generation_run = get_allowed(GenerationRun.objects.all(), request.user, "change", pk=pk)
    try:
        retry_failed(run=generation_run, by=current_user(request))
        start_run(generation_run)
    except RunError as error:
        messages.error(request, str(error))
    return redirect("generation:run", pk=pk)


@staff_member_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    generation_run = get_allowed(GenerationRun.objects.all(), request.user, "change", pk=pk)
    try:
        cancel_waiting(run=generation_run, by=current_user(request))
    except RunError as error:
        messages.error(request, str(error))
    return redirect("generation:run", pk=pk)


@staff_member_required
@require_safe
def generation(request: HttpRequest, pk: int) -> HttpResponse:
    generations = Generation.objects.select_related("prompt__prompt_set", "run")
    found = get_allowed(generations, request.user, pk=pk)
    context: dict[str, Any] = {"generation": found}
    if found.state == Generation.State.DONE:
        try:
            context["words"] = selectors.seen_words(found)
        except UNREADABLE as error:
            context["problem"] = f"The heat maps cannot be read: {error}"
    return render(request, "generation/generation.html", context)


@staff_member_required
@require_safe
@kept_forever
def image(request: HttpRequest, pk: int) -> FileResponse:
    found = get_allowed(Generation.objects.filter(state=Generation.State.DONE), request.user, pk=pk)
    try:
        file = found.image.open("rb")
    except OSError as error:
        raise Http404(f"The image file cannot be read: {error}") from error
    return FileResponse(file, content_type="image/png")


@staff_member_required
@require_safe
@kept_forever
def overlay(request: HttpRequest, pk: int, word_pk: int) -> HttpResponse:
    found = get_allowed(Generation.objects.filter(state=Generation.State.DONE), request.user, pk=pk)
    word = get_object_or_404(found.prompt.words, pk=word_pk)
    try:
        drawn = overlay_file(generation=found, start=word.start, end=word.end)
    except (WordNotAttended, *UNREADABLE) as error:
        raise Http404(str(error)) from error
    return HttpResponse(drawn, content_type="image/webp")


@require_safe
def picture(request: HttpRequest, signed: str) -> HttpResponse:
    """For whoever was given its address. No row is read; where the storage has addresses of its own, it
    leads there."""
    shown = picture_at(signed)
    if shown is None:
        raise Http404("The site has given out no such address.")
    try:
        address = default_storage.url(shown.image)
        if "://" in address:
            if shown.heat_maps:
                address = default_storage.url(stored_picture(shown))
            return HttpResponseRedirect(address, headers={"Cache-Control": FOR_A_WHILE})
        content = read_picture(shown)
    except (WordNotAttended, PictureError, *UNREADABLE) as error:
        # Told to the log, since who looks at it can do nothing about it.
        logger.exception("The picture of %s cannot be shown.", shown.image)
        raise Http404("The image file or its heat maps cannot be read.") from error
    content_type = "image/webp" if shown.heat_maps else "image/png"
    return HttpResponse(content, content_type=content_type, headers={"Cache-Control": FOREVER})
