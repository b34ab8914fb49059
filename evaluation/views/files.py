"""Files of a study's answers."""

from collections.abc import Callable
from functools import partial
from io import StringIO
from typing import IO

from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from annotations.kinds.registry import KINDS
from annotations.models import Study
from daamweb.projects.selectors import get_allowed
from evaluation.exports import write_codebook, write_responses
from evaluation.frames.columns import columns_of
from evaluation.frames.responses import response_frame


@staff_member_required
@require_safe
def responses(request: HttpRequest, study_pk: int) -> HttpResponse:
    study = _study(request, study_pk)
    return _csv(study, partial(write_responses, response_frame(study)), "responses")


@staff_member_required
@require_safe
def codebook(request: HttpRequest, study_pk: int) -> HttpResponse:
    study = _study(request, study_pk)
    return _csv(study, partial(write_codebook, columns_of(study)), "codebook")


def _study(request: HttpRequest, pk: int) -> Study:
    study = get_allowed(Study.objects.all(), request.user, "export", pk=pk)
    if study.kind not in KINDS:
        raise Http404(f"This version of the site has no kind of task {study.kind!r}.")
    return study


def _csv(study: Study, write: Callable[[IO[str]], object], name: str) -> HttpResponse:
    content = StringIO()
    write(content)
    file_name = f"{slugify(study.name) or study.pk}-{name}.csv"
    return HttpResponse(
        content.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "no-store"},
    )
