"""The admin of what is too large to be deleted by a request."""

from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from daamweb.admin_deletion import CountedDeletion
from daamweb.projects.errors import ProjectError
from daamweb.projects.jobs import start_erasure
from daamweb.requests import current_user


class ErasedByWorker(CountedDeletion):
    """What is deleted on its page is out of use at once, and erased by a worker, in slices. Its model is held
    with `set_aside` (`daamweb.projects.holdings`)."""

    def delete_model(self, request: HttpRequest, row: Model) -> None:
        start_erasure(subject=row, typed_name=str(row), by=current_user(request))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What came to need it meanwhile is said on its page."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except ProjectError as error:
            messages.error(request, str(error))
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", object_id)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        messages.success(request, f"“{obj_display}” is out of use, and a worker is erasing it.")
        return redirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
