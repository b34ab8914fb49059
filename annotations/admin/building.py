"""The form on which a study is built, in the admin."""

from annotations.errors import StudyError
from annotations.forms import BuildStudyForm
from annotations.kinds.registry import KINDS
from annotations.models import Study
from annotations.services.studies import build_study
from daamweb.admin_forms import ServiceFormView
from daamweb.requests import current_user


class BuildStudyView(ServiceFormView):
    """Of one kind at a time: `?kind=` says which, the first one otherwise."""

    title = "Build a study"
    submit_label = "Build"
    form_class = BuildStudyForm
    model = Study
    errors = (StudyError,)
    template_name = "admin/study_build.html"

    def kind(self) -> str:
        asked = self.request.POST.get("kind") or self.request.GET.get("kind", "")
        return asked if asked in KINDS else next(iter(KINDS))

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "kind": self.kind()}

    def get_context_data(self, **kwargs):
        return {**super().get_context_data(**kwargs), "kinds": KINDS.values(), "chosen": self.kind()}

    def perform(self, data):
        return build_study(design=data["design"], by=current_user(self.request))
