"""The site's first page: what a researcher has at hand, and a word for everybody else."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import Study
from annotations.selectors import with_progress


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Studies are listed for staff only: an annotator knows one of them by its link."""
    studies = with_progress(Study.objects.defer("plan")) if request.user.is_staff else None
    return render(request, "annotations/home.html", {"studies": studies})
