"""Files of a study's answers."""

from io import StringIO

from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotations.kinds.registry import KINDS
from annotations.models import Study
from annotations.selectors import answers_of
from daamweb.projects.selectors import get_allowed
from daamweb.requests import current_user
from evaluation.exports import write_codebook
from evaluation.frames.columns import columns_of
from evaluation.services.exports import export_responses


@staff_member_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def responses(request: HttpRequest, study_pk: int) -> HttpResponse:
    """What is in the file; the file itself by the page's button, since who took it is written down."""
    study = _study(request, study_pk)
    if request.method == "POST":
        return _csv(study, export_responses(study=study, by=current_user(request)), "responses")
    answers, people = answers_of(study)
    context = {"study": study, "answers": answers, "people": people}
    return render(request, "evaluation/responses.html", context)


@staff_member_required
@require_safe
def codebook(request: HttpRequest, study_pk: int) -> HttpResponse:
    study = _study(request, study_pk)
    content = StringIO()
    write_codebook(columns_of(study), content)
    return _csv(study, content.getvalue(), "codebook")


def _study(request: HttpRequest, pk: int) -> Study:
    study = get_allowed(Study.objects.all(), request.user, "export", pk=pk)
    if study.kind not in KINDS:
        raise Http404(f"This version of the site has no kind of task {study.kind!r}.")
    return study


def _csv(study: Study, content: str, name: str) -> HttpResponse:
    file_name = f"{slugify(study.name) or study.pk}-{name}.csv"
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "no-store"},
    )
