"""The site's first page: what a researcher has at hand, and a word for everybody else."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import Study
from annotations.selectors import with_progress
from daamweb.languages import spoken_by_browser
from daamweb.projects.selectors import is_member, may_somewhere, sees_several, visible_to


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Studies are listed for those who may look at them: an annotator knows one of them by its link."""
    user = request.user
    if not is_member(user):
        return _for_strangers(request)
    studies = visible_to(Study.objects.select_related("project"), user)
    context = {
        "studies": with_progress(studies),
        "may_build": may_somewhere(user, "add", Study),
        "sees_several": sees_several(user),
    }
    return render(request, "annotations/home.html", context)


def _for_strangers(request: HttpRequest) -> HttpResponse:
    """Who is not logged in may be an annotator who lost the link: it speaks their language."""
    if not request.user.is_authenticated:
        translation.activate(spoken_by_browser(request))
    page = render(request, "annotations/home.html", {"studies": None})
    patch_vary_headers(page, ["Accept-Language"])
    return page
