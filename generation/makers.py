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
from generation.jobs import request_parse, start_import, start_run
from generation.models import GenerationRun, Import, PromptSet
from generation.services.built_prompt_sets import build_cohyponyms_prompt_set, build_words_prompt_set
from generation.services.imports import import_prompts
from generation.services.runs import create_run


def may_import(request):
    return may_somewhere(request.user, "add", PromptSet)


@method_decorator(takes_files(most=MOST_IMPORTED, may=may_import), name="dispatch")
class ImportPromptsView(ServiceFormView):
    title = "Import prompts from a file"
    submit_label = "Import"
    form_class = ImportPromptsForm
    model = PromptSet
    errors = (PromptSetError,)

    def perform(self, data):
        data = {**data}
        if data.pop("is_long"):
            return start_import(**data, by=current_user(self.request))
        prompt_set = import_prompts(**data, by=current_user(self.request)).imported()
        if prompt_set.parse_state != PromptSet.ParseState.PARSED:
            request_parse(prompt_set)
        return prompt_set

    def address_of(self, row):
        return reverse("generation:import", args=[row.pk]) if isinstance(row, Import) else None

    def message_for(self, row):
        if isinstance(row, Import):
            return f"The file is stored, and “{row.name}” is handed to a worker."
        return super().message_for(row)


class BuildWordsView(ServiceFormView):
    title = "Sample words by part of speech"
    submit_label = "Build"
    form_class = BuildWordsForm
    model = PromptSet
    errors = (PromptSetError,)

    def perform(self, data):
        prompt_set, sample = build_words_prompt_set(**data, by=current_user(self.request))
        if sample.shortfalls:
            missing = ", ".join(f"{part} ({count} missing)" for part, count in sample.shortfalls.items())
            messages.warning(self.request, f"There are fewer words than asked for: {missing}.")
        return prompt_set


class BuildCohyponymsView(ServiceFormView):
    title = "Build pairs of nouns"
    submit_label = "Build"
    form_class = BuildCohyponymsForm
    model = PromptSet
    errors = (PromptSetError,)

    def perform(self, data):
        prompt_set = build_cohyponyms_prompt_set(**data, by=current_user(self.request))
        request_parse(prompt_set)
        return prompt_set


class StartRunView(ServiceFormView):
    title = "Start a generation run"
    submit_label = "Start"
    form_class = StartRunForm
    model = GenerationRun
    errors = (RunError,)

    def perform(self, data):
        run = create_run(**data, by=current_user(self.request))
        start_run(run)
        return run
