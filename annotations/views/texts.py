"""A researcher's pages of the languages that a study speaks to its annotators."""

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotations.errors import StudyError
from annotations.kinds.registry import get_kind
from annotations.models import Study, StudyText
from annotations.services.languages import add_language, edit_texts, remove_language
from annotations.texts import StudyLanguage, languages_of, speaks
from annotations.views.texts_form import AddLanguageForm, TextsForm
from daamweb.languages import direction_of, english_name_of, name_of
from daamweb.projects.conflicts import conflict_context
from daamweb.projects.errors import EditRefusedError, NotEditableError
from daamweb.projects.lost import keeps_what_was_typed, lost_page
from daamweb.projects.selectors import get_allowed, may
from daamweb.projects.services.editing import EditConflictError
from daamweb.projects.shown import shown_in, shown_of
from daamweb.requests import current_user

look_or_send = require_http_methods(["GET", "HEAD", "POST"])


@staff_member_required
@never_cache
@look_or_send
def languages(request: HttpRequest, pk: int) -> HttpResponse:
    study = _study(request, pk)
    if request.method != "POST":
        return _list(request, study)
    form = AddLanguageForm(request.POST)
    if form.is_valid():
        try:
            row = add_language(study=study, by=current_user(request), **form.cleaned_data)
        except StudyError as error:
            form.add_error("language", str(error))
        else:
            return redirect("annotations:study_language", study.pk, row.language)
    return _list(request, study, form, status=422)


def _study(request: HttpRequest, pk: int) -> Study:
    verb = "change" if request.method == "POST" else "view"
    return get_allowed(Study.objects.select_related("project"), request.user, verb, pk=pk)


def _list(
    request: HttpRequest, study: Study, form: AddLanguageForm | None = None, status: int = 200
) -> HttpResponse:
    spoken = languages_of(study)
    known = {each.tag for each in spoken}
    context = {
        "study": study,
        "languages": spoken,
        "is_draft": study.state == Study.State.DRAFT,
        "may_change": may(request.user, "change", study),
        "to_add": [
            (tag, english_name_of(tag), name_of(tag), direction_of(tag))
            for tag in speaks(get_kind(study.kind))
            if tag not in known
        ],
        "form": form or AddLanguageForm(),
    }
    return render(request, "annotations/study_languages.html", context, status=status)


@keeps_what_was_typed
@staff_member_required
@never_cache
@look_or_send
def study_language(request: HttpRequest, pk: int, tag: str) -> HttpResponse:
    study = _study(request, pk)
    language = _language(study, tag)
    if request.method != "POST":
        return _texts(request, study, language, TextsForm(study=study, texts=language.texts))
    form = TextsForm(request.POST, study=study, texts=language.texts)
    if not form.is_valid():
        return _texts(request, study, language, form, status=422, shown=shown_in(request.POST))
    typed, shown = form.cleaned_data, shown_in(request.POST)
    try:
        edit_texts(row=language.texts, typed=typed, shown=shown, by=current_user(request))
    except NotEditableError as error:
        return lost_page(request, str(error), status=409, back=request.path)
    except EditRefusedError as error:
        form.add_error(None, str(error))
        return _texts(request, study, language, form, status=422, shown=shown)
    except EditConflictError as conflict:
        language = _language(study, tag)
        form = TextsForm(study=study, texts=language.texts, typed=conflict.typed)
        context = conflict_context(conflict, request.user)
        return _texts(request, study, language, form, status=409, shown=conflict.now, **context)
    messages.success(request, f"Stored: what the study says in {language.english_name}.")
    read = language.texts.reviewed_by
    if read and not _language(_study(request, pk), tag).texts.reviewed_by and typed["reviewed_by"]:
        messages.warning(
            request, f"{read} read it as it was. Give the name again once they have read it anew."
        )
    return redirect("annotations:study_language", study.pk, tag)


def _language(study: Study, tag: str) -> StudyLanguage:
    for language in languages_of(study):
        if language.tag == tag and language.has_page:
            return language
    raise Http404(f"“{study}” has no texts in {tag!r} beside its own.")


def _texts(
    request: HttpRequest,
    study: Study,
    language: StudyLanguage,
    form: TextsForm,
    status: int = 200,
    **changed: object,
) -> HttpResponse:
    is_draft = study.state == Study.State.DRAFT
    context = {
        "study": study,
        "language": language,
        "form": form,
        "is_draft": is_draft,
        "may_edit": is_draft and may(request.user, "change", study),
        "shown": shown_of(language.texts, form.stored_names()),
        **changed,
    }
    return render(request, "annotations/study_language.html", context, status=status)


@staff_member_required
@require_POST
def remove(request: HttpRequest, pk: int, tag: str) -> HttpResponse:
    study = _study(request, pk)
    row = StudyText.objects.filter(study=study, language=tag).select_related("study__project").first()
    if row is None:
        messages.error(request, f"The study has no {english_name_of(tag)} texts beside its own.")
        return redirect("annotations:languages", study.pk)
    if study.state == Study.State.DRAFT and "confirmed" not in request.POST:
        context = {
            "study": study,
            "tag": tag,
            "language": english_name_of(tag),
            "read_by": row.reviewed_by,
        }
        return render(request, "annotations/study_remove_language.html", context)
    try:
        remove_language(row=row, by=current_user(request))
    except StudyError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Removed: what the study says in {english_name_of(tag)}.")
    return redirect("annotations:languages", study.pk)
