"""A researcher's page of a study's entry codes. What is made is shown once, in the answer itself."""

from django import forms
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from annotations.errors import EntryCodeError
from annotations.models import EntryCode, Study
from annotations.models.entry_codes import LONGEST_LABEL
from annotations.services.entry_codes import (
    MOST_AT_ONCE,
    MadeCode,
    made_codes,
    make_entry_codes,
    replace_entry_code,
    revoke_entry_code,
    write_codes,
)
from daamweb.projects.selectors import get_allowed
from daamweb.requests import current_user

ON_A_PAGE = 100
LONGEST_KEY = 19  # digits


class EntryCodesForm(forms.Form):
    count = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_AT_ONCE,
        label="How many",
        help_text="They are called P01, P02, and so on.",
    )
    labels = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Or what you call them, one a line.",
    )

    def clean(self):
        super().clean()
        data = self.cleaned_data
        data["labels"] = [line.strip() for line in data.get("labels", "").splitlines() if line.strip()]
        if not self.errors:
            if data["count"] is None and not data["labels"]:
                raise forms.ValidationError("Say how many codes you want, or give their labels.")
            data["count"] = data["count"] or len(data["labels"])
        return data


class RevokeForm(forms.Form):
    label = forms.CharField(max_length=LONGEST_LABEL)


@sensitive_post_parameters()
@staff_member_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def entry_codes(request: HttpRequest, pk: int) -> HttpResponse:
    study = get_allowed(Study.objects.select_related("project"), request.user, "change", pk=pk)
    if request.method != "POST":
        return _page(request, study)
    if "replace" in request.POST:
        return _replaced(request, study)
    form = EntryCodesForm(request.POST)
    if not form.is_valid():
        return _page(request, study, status=422, form=form)
    try:
        made = make_entry_codes(study=study, by=current_user(request), **form.cleaned_data)
    except EntryCodeError as error:
        form.add_error(None, str(error))
        return _page(request, study, status=422, form=form)
    return _page(request, study, made=made)


def _replaced(request: HttpRequest, study: Study) -> HttpResponse:
    try:
        made = replace_entry_code(study=study, label=request.POST["replace"], by=current_user(request))
    except EntryCodeError as error:
        messages.error(request, str(error))
        return redirect("annotations:entry_codes", study.pk)
    return _page(request, study, made=[made])


def _page(
    request: HttpRequest,
    study: Study,
    *,
    made: list[MadeCode] | None = None,
    form: EntryCodesForm | None = None,
    status: int = 200,
) -> HttpResponse:
    after = request.GET.get("after", "")
    codes = EntryCode.objects.filter(study=study).select_related("participation").order_by("pk")
    if after.isascii() and after.isdigit() and len(after) < LONGEST_KEY:
        codes = codes.filter(pk__gt=int(after))
    shown = list(codes[: ON_A_PAGE + 1])
    context = {
        "study": study,
        "takes_codes": study.access == Study.Access.CODES,
        "address": request.build_absolute_uri(study.get_absolute_url()) if study.plan_id else "",
        "made": made,
        "form": form or EntryCodesForm(),
        "codes": shown[:ON_A_PAGE],
        "more": shown[ON_A_PAGE - 1].pk if len(shown) > ON_A_PAGE else None,
    }
    return render(request, "annotations/entry_codes.html", context, status=status)


@sensitive_post_parameters()
@staff_member_required
@never_cache
@require_POST
def entry_codes_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The codes that a page shows, as a file. Nobody knows them but that page, so it sends them along."""
    study = get_allowed(Study.objects.all(), request.user, "change", pk=pk)
    try:
        made = made_codes(study=study, codes=request.POST.getlist("code")[:MOST_AT_ONCE])
    except EntryCodeError as error:
        raise SuspiciousOperation(str(error)) from error
    file = HttpResponse(content_type="text/csv; charset=utf-8")
    file["Content-Disposition"] = 'attachment; filename="entry-codes.csv"'
    write_codes(made, file)
    return file


@staff_member_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    study = get_allowed(Study.objects.all(), request.user, "change", pk=pk)
    form = RevokeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say which code, by its label. Nothing was revoked.")
        return redirect("annotations:entry_codes", study.pk)
    try:
        row = revoke_entry_code(study=study, by=current_user(request), **form.cleaned_data)
    except EntryCodeError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The code “{row.label}” lets nobody in any more.")
    return redirect("annotations:entry_codes", study.pk)
