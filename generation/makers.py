"""The pages of the researcher's desk that make prompt sets and runs."""

from django.contrib import messages
from django.urls import reverse
from django.utils.decorators import method_decorator

from daamweb.admin_forms import ServiceFormView
from daamweb.door.bodies import takes_files
from daamweb.projects.selectors import may_somewhere
from daamweb.requests import current_user
from generation.errors import PromptSetError, RunError
from generation.forms import (
    MOST_IMPORTED,
    BuildCohyponymsForm,
    BuildWordsForm,
    ImportPromptsForm,
    StartRunForm,
)
from generation.jobs import make_built, request_parse, start_import, start_run
from generation.models import GenerationRun, Import, PromptSet
from generation.services.built_prompt_sets import draw_cohyponyms, draw_words
from generation.services.imports import import_prompts
from generation.services.prompt_sets import check_new_name
from generation.services.runs import create_run


def may_import(request):
    return may_somewhere(request.user, "add", PromptSet)


class MakePromptSetView(ServiceFormView):
    """What takes long is handed to a worker; then the page that says how far it is is shown next."""

    model = PromptSet
    errors = (PromptSetError,)

    def address_of(self, row):
        return reverse("generation:import", args=[row.pk]) if isinstance(row, Import) else None

    def message_for(self, row):
        if isinstance(row, Import):
            return f"The file is stored, and “{row.name}” is handed to a worker."
        return super().message_for(row)


@method_decorator(takes_files(most=MOST_IMPORTED, may=may_import), name="dispatch")
class ImportPromptsView(MakePromptSetView):
    title = "Import prompts from a file"
    submit_label = "Import"
    form_class = ImportPromptsForm

    def perform(self, data):
        data = {**data}
        if data.pop("is_long"):
            return start_import(**data, by=current_user(self.request))
        prompt_set = import_prompts(**data, ask_parse=True, by=current_user(self.request)).imported()
        if prompt_set.parse_state != PromptSet.ParseState.PARSED:
            request_parse(prompt_set)
        return prompt_set


class BuildWordsView(MakePromptSetView):
    title = "Sample words by part of speech"
    submit_label = "Build"
    form_class = BuildWordsForm

    def perform(self, data):
        data = {**data}
        name, project = data.pop("name"), data["source"].project
        check_new_name(project, name)
        built, sample = draw_words(**data)
        made = make_built(project=project, name=name, built=built, by=current_user(self.request))
        if sample.shortfalls:
            missing = ", ".join(f"{part} ({count} missing)" for part, count in sample.shortfalls.items())
            messages.warning(self.request, f"There are fewer words than asked for: {missing}.")
        return made


class BuildCohyponymsView(MakePromptSetView):
    title = "Build pairs of nouns"
    submit_label = "Build"
    form_class = BuildCohyponymsForm

    def perform(self, data):
        data = {**data}
        name, project = data.pop("name"), data.pop("project")
        check_new_name(project, name)
        built = draw_cohyponyms(**data)
        return make_built(project=project, name=name, built=built, by=current_user(self.request))


class StartRunView(ServiceFormView):
    title = "Start a generation run"
    submit_label = "Start"
    form_class = StartRunForm
    model = GenerationRun
    errors = (RunError,)

    def address_of(self, run):
        return reverse("generation:run", args=[run.pk])

    def perform(self, data):
        run = create_run(**data, by=current_user(self.request))
        start_run(run)
        return run
