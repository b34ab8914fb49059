"""Template library `work`, for pages that wait for leased work: {% load work %}{% work_progress row %}"""

from typing import Any

from django import template
from django.http import HttpRequest

from daamweb.projects.selectors import may
from daamweb.waiting.buttons import may_be_cancelled, may_be_tried_again
from daamweb.work.models import Work

register = template.Library()


@register.inclusion_tag("work/progress.html", takes_context=True)
def work_progress(context: template.Context, row: Work) -> dict[str, Any]:
    """How far it is, for a template whose reader sees the row. While it waits or runs it is asked for again
    and again; when it has ended the page is loaded anew."""
    return progress_of(row, context["request"])


def progress_of(row: Work, request: HttpRequest) -> dict[str, Any]:
    cancellable, repeatable = may_be_cancelled(row), may_be_tried_again(row)
    may_change = (cancellable or repeatable) and may(request.user, "change", row)
    return {
        "row": row,
        "label": row._meta.label_lower,
        # Where a button's reader comes back to: the page, not the part of it that htmx asks for.
        "here": _page_of(request),
        "may_cancel": cancellable and may_change,
        "may_try_again": repeatable and may_change,
    }


def _page_of(request: HttpRequest) -> str:
    htmx = getattr(request, "htmx", None)
    return (htmx and htmx.current_url_abs_path) or request.get_full_path()
