"""The site's first page: what a researcher has at hand, and a word for everybody else."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import Study
from annotations.selectors import with_progress
from annotations.views.visitors import may_look


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Studies are listed for those who may look at them: an annotator knows one of them by its link."""
    studies = with_progress(Study.objects.all()) if may_look(request.user) else None
    return render(request, "annotations/home.html", {"studies": studies})
