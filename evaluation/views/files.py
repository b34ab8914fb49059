"""Files of a study's answers."""

from collections.abc import Sequence
from io import StringIO

from django import forms
from django.contrib.admin.views.decorators import staff_member_required
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotations.kinds.interface import Column
from annotations.kinds.registry import KINDS
from annotations.models import Study
from annotations.selectors import answers_of
from daamweb.projects.selectors import get_allowed
from daamweb.requests import current_user
from evaluation.errors import SubjectGoneError
from evaluation.exports import write_codebook
from evaluation.frames import participations as people
from evaluation.frames.columns import columns_of
from evaluation.jobs import request_export
from evaluation.models import Export
from evaluation.services.exports import exports_of
from evaluation.services.results import download_address


class AskForm(forms.Form):
    """What is to be in the file."""

    every_revision = forms.BooleanField(
        required=False, label="A row for every revision of an answer that was corrected"
    )

    def revisions(self) -> str:
        """Which ones, of the valid form."""
        return Export.Revisions.ALL if self.cleaned_data["every_revision"] else Export.Revisions.LAST


@staff_member_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def responses(request: HttpRequest, study_pk: int) -> HttpResponse:
    """What is in the file, and how far a worker is with the one that this person asked for, by a POST. Who
    took answers is written down."""
    study, user = _study(request, study_pk), current_user(request)
    form = AskForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            request_export(study, by=user, revisions=form.revisions())
        except SubjectGoneError as error:
            raise Http404(str(error)) from error
        return redirect("evaluation:responses", study.pk)
    answers, answering = answers_of(study)
    asked = exports_of(study, user)
    context = {
        "study": study,
        "answers": answers,
        "people": answering,
        "form": form,
        "newest": asked.first(),
        "written": asked.filter(state=Export.State.DONE).first(),
    }
    return render(request, "evaluation/responses.html", context)


@staff_member_required
@require_safe
@never_cache
def export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file that a worker wrote, for whoever asked for it, as long as they may have it."""
    found = _export(request, pk)
    return _handed_out(found.file, _file_name(found.study, "responses"))


@staff_member_required
@require_safe
@never_cache
def participations(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The other file that the worker wrote at the same moment."""
    found = _export(request, pk)
    return _handed_out(found.participations, _file_name(found.study, "participations"))


def _export(request: HttpRequest, pk: int) -> Export:
    user = current_user(request)
    mine = Export.objects.filter(state=Export.State.DONE, asked_by=user).select_related("study")
    return get_allowed(mine, user, "export", pk=pk)


def _handed_out(stored: FieldFile, name: str) -> HttpResponseBase:
    gone = Http404("The file is gone; ask for another one.")
    if not stored:  # an export of before there were files of participations
        raise gone
    if (address := download_address(stored, name)) is not None:
        return redirect(address)
    try:
        file = stored.open("rb")
    except FileNotFoundError as error:
        raise gone from error
    return FileResponse(file, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")


@staff_member_required
@require_safe
def codebook(request: HttpRequest, study_pk: int) -> HttpResponse:
    study = _study(request, study_pk)
    return _codebook(study, columns_of(study), "codebook")


@staff_member_required
@require_safe
def participations_codebook(request: HttpRequest, study_pk: int) -> HttpResponse:
    return _codebook(_study(request, study_pk), people.COLUMNS, "participations-codebook")


def _codebook(study: Study, columns: Sequence[Column], name: str) -> HttpResponse:
    content = StringIO()
    write_codebook(columns, content)
    return _csv(study, content.getvalue(), name)


def _study(request: HttpRequest, pk: int) -> Study:
    study = get_allowed(Study.objects.all(), request.user, "export", pk=pk)
    if study.kind not in KINDS:
        raise Http404(f"This version of the site has no kind of task {study.kind!r}.")
    return study


def _csv(study: Study, content: str, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{_file_name(study, name)}"',
            "Cache-Control": "no-store",
        },
    )


def _file_name(study: Study, name: str) -> str:
    return f"{slugify(study.name) or study.pk}-{name}.csv"
