"""The researcher's desk for prompts and images."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef
from django.urls import reverse
from django.utils.html import format_html

from daamweb.admin_deletion import CountedDeletion
from daamweb.admin_erasures import ErasedByWorker
from daamweb.admin_forms import ServiceAdmin
from daamweb.projects.admin_base import MembersAdmin, VisibleRelatedFilter
from daamweb.projects.errors import NotEditableError
from daamweb.projects.selectors import erasure_of
from daamweb.requests import current_user
from generation.errors import CheckpointRefusedError, PromptSetError, RunError
from generation.forms import (
    CheckpointForm,
)
from generation.jobs import request_parse_again, start_run
from generation.makers import BuildCohyponymsView, BuildWordsView, ImportPromptsView, StartRunView
from generation.models import Checkpoint, Generation, GenerationRun, Import, Parse, Prompt, PromptSet, Word
from generation.selectors import counted_progress, refused_imports, with_progress
from generation.services.checkpoints import save_checkpoint
from generation.services.erasing import delete_with_files
from generation.services.runs import retry_failed


@admin.register(PromptSet)
class PromptSetAdmin(ErasedByWorker, ServiceAdmin):
    service_forms = {
        "import": ImportPromptsView,
        "build-words": BuildWordsView,
        "build-cohyponyms": BuildCohyponymsView,
    }
    list_display = ["name", "origin", "prompt_count", "parse_state", "parser", "created_at"]
    search_fields = ["name"]
    readonly_fields = [
        "origin", "prompts_link", "parse_state", "parse_error", "parser", "recipe", "created_at",
    ]  # fmt: skip
    fields = ["name", *readonly_fields]
    actions = ["parse_again"]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(prompt_count=Count("prompts"))

    change_list_template = "admin/promptset_change_list.html"

    def changelist_view(self, request, extra_context=None):
        refused = refused_imports(request.user)
        return super().changelist_view(request, {**(extra_context or {}), "refused": refused})

    def waits_for(self, prompt_set):
        if erasure := erasure_of(prompt_set):
            return erasure
        if prompt_set.parse_state == PromptSet.ParseState.IMPORTING:
            return Import.objects.filter(prompt_set=prompt_set).first()
        newest = prompt_set.parses.first()
        return None if newest is None or newest.state == Parse.State.DONE else newest

    @admin.display(description="prompts", ordering="prompt_count")
    def prompt_count(self, prompt_set):
        return prompt_set.prompt_count

    @admin.display(description="prompts")
    def prompts_link(self, prompt_set):
        address = reverse("admin:generation_prompt_changelist")
        return format_html(
            '<a href="{}?prompt_set__id__exact={}">{} prompts</a>',
            address,
            prompt_set.pk,
            prompt_set.prompt_count,
        )

    @admin.action(description="Parse again with the project's parser", permissions=["change"])
    def parse_again(self, request, queryset):
        self.check_all(request, queryset, "change")
        handed = 0
        for prompt_set in queryset:
            try:
                request_parse_again(prompt_set, by=current_user(request))
            except PromptSetError as error:
                messages.error(request, str(error))
            else:
                handed += 1
        if handed:
            messages.success(request, f"{_counted(handed, 'prompt set')} handed to a worker.")


class WordInline(admin.TabularInline):
    model = Word
    readonly_fields = ["position", "text", "part_of_speech", "lemma", "enhanced_relation", "head", "role"]
    fields = [*readonly_fields]
    can_delete = False
    extra = 0

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("head")

    def has_add_permission(self, request, obj=None):
        return False


@admin.register(Prompt)
class PromptAdmin(CountedDeletion, MembersAdmin):
    list_display = ["text", "prompt_set", "external_id", "position"]
    list_filter = [("prompt_set", VisibleRelatedFilter)]
    list_select_related = ["prompt_set"]
    search_fields = ["text", "external_id"]
    readonly_fields = ["prompt_set", "position", "external_id", "text", "metadata"]
    inlines = [WordInline]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(Checkpoint)
class CheckpointAdmin(CountedDeletion, MembersAdmin):
    list_display = ["name", "source", "revision", "data_type"]
    search_fields = ["name", "source"]
    form = CheckpointForm

    def get_queryset(self, request):
        """A page asks several times whether a run was made with it."""
        runs = GenerationRun.objects.filter(checkpoint=OuterRef("pk"))
        return super().get_queryset(request).annotate(in_use=Exists(runs))

    def has_change_permission(self, request, obj=None):
        """What images were made with stays as it is."""
        return super().has_change_permission(request, obj) and not _in_use(obj)

    def get_fieldsets(self, request, obj=None):
        [(title, options)] = super().get_fieldsets(request, obj)
        if _in_use(obj) and super().has_change_permission(request, obj):
            options = {**options, "description": Checkpoint.IN_USE}
        return [(title, options)]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """No button for what would be refused."""
        offered = {**context, "show_delete": not _in_use(obj)}
        return super().render_change_form(request, offered, add, change, form_url, obj)

    def edit(self, *, row, typed, shown, by):
        try:
            save_checkpoint(checkpoint=row, shown=shown, by=by)
        except CheckpointRefusedError as error:  # what has changed since the form was checked
            raise NotEditableError(str(error)) from error

    def make(self, *, row, by):
        try:
            save_checkpoint(checkpoint=row, by=by)
        except CheckpointRefusedError as error:
            raise PermissionDenied(str(error)) from error


@admin.register(GenerationRun)
class GenerationRunAdmin(ErasedByWorker, ServiceAdmin):
    service_forms = {"start": StartRunView}
    list_display = ["name", "prompt_set", "checkpoint_name", "progress", "gallery", "created_at"]
    list_select_related = ["prompt_set"]
    search_fields = ["name"]
    readonly_fields = [
        "prompt_set", "checkpoint_name", "checkpoint_source", "checkpoint_revision", "checkpoint_data_type",
        "seeds", "vary_seeds", "num_inference_steps", "guidance_scale", "scheduler", "batch_size",
        "progress", "gallery", "created_at",
    ]  # fmt: skip
    fields = ["name", *readonly_fields]
    actions = ["retry"]

    def get_queryset(self, request):
        return with_progress(super().get_queryset(request))

    def waits_for(self, run):
        return erasure_of(run)

    @admin.display(description="progress")
    def progress(self, run):
        progress = counted_progress(run)
        failed = f", {progress.failed} failed" if progress.failed else ""
        return format_html(
            '<progress max="{}" value="{}"></progress> {} of {}{}',
            progress.total, progress.finished, progress.done, progress.total, failed,
        )  # fmt: skip

    @admin.display(description="images and heat maps")
    def gallery(self, run):
        return format_html('<a href="{}">Look</a>', reverse("generation:run", args=[run.pk]))

    @admin.action(
        description="Make failed and cancelled images, and wake the workers", permissions=["change"]
    )
    def retry(self, request, queryset):
        self.check_all(request, queryset, "change")
        retried = 0
        for run in queryset:
            try:
                retried += retry_failed(run=run, by=current_user(request))
                start_run(run)
            except RunError as error:
                messages.error(request, str(error))
        messages.success(request, f"{_counted(retried, 'failed or cancelled image')} queued again.")


@admin.register(Generation)
class GenerationAdmin(CountedDeletion, MembersAdmin):
    list_display = ["text", "run", "seed", "state", "look"]
    list_filter = ["state", ("run", VisibleRelatedFilter)]
    list_select_related = ["prompt", "run"]
    search_fields = ["prompt__text"]
    readonly_fields = [
        "run", "prompt", "seed", "state", "error", "attempts", "look", "image_sha256", "heat_maps_sha256",
        "width", "height", "checkpoint_revision", "versions", "seconds", "finished_at",
    ]  # fmt: skip
    fields = [*readonly_fields]

    def delete_model(self, request, generation):
        delete_with_files(generation=generation, by=current_user(request))

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    @admin.display(description="prompt", ordering="prompt__text")
    def text(self, generation):
        return str(generation.prompt)

    @admin.display(description="image")
    def look(self, generation):
        if generation.state != Generation.State.DONE:
            return "—"
        return format_html('<a href="{}">Look</a>', reverse("generation:generation", args=[generation.pk]))


def _in_use(checkpoint: Checkpoint | None) -> bool:
    """As read with the row; one that was added just now is not."""
    return getattr(checkpoint, "in_use", False)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
