"""The researcher's forms: import and build prompt sets, start runs."""

from django import forms

from daamweb.door.refusals import in_words
from daamweb.fields import ListField
from daamweb.projects.admin_trail import RowForm
from daamweb.projects.forms import InProjectForm, MemberForm
from generation.errors import CheckpointRefusedError, PromptSetError
from generation.models import Checkpoint, GenerationRun, PromptSet
from generation.prompts.captions import FORMATS, CaptionFileError
from generation.prompts.sampling import RATED_PARTS_OF_SPEECH
from generation.services.checkpoint_sources import check_source
from generation.services.imports import (
    MOST_AT_ONCE,
    MOST_CAPTIONS_AT_ONCE,
    MOST_WORDS_AT_ONCE,
    import_prompts,
    sentence,
)
from generation.services.prompt_sets import check_new_name

MAX_LISTED_ERRORS = 30
# Of a whole import form.
MOST_IMPORTED = 8 * 1024 * 1024
# Of each part of speech; a sample of all of them is a file of some 30 MB for the worker that stores it.
MOST_SAMPLED = 2_000
MOST_PAIRS = 50_000
FORMAT_LABELS = {
    "auto": "by the file's name and content",
    "coco": "COCO captions (JSON)",
    "csv": "CSV",
    "jsonl": "JSON Lines",
    "text": "text, one caption a line",
    "conllu": "CoNLL-U, with its words",
}


class SeedListField(ListField):
    """“0, 1, 2” → [0, 1, 2]."""

    def to_python(self, value):
        try:
            return [int(item) for item in super().to_python(value)]
        except ValueError as error:
            raise forms.ValidationError("Give whole numbers with commas between, such as 0,1,2.") from error


class ImportPromptsForm(InProjectForm):
    name = forms.CharField(max_length=100, label="Name of the prompt set")
    file = forms.FileField(
        help_text=(
            "COCO caption JSON; CSV or JSON Lines with a column caption, text or prompt; "
            "text with one caption a line; CoNLL-U. In UTF-8, "
            f"at most {in_words(MOST_IMPORTED)}; larger files are for the command import_prompts. A worker "
            f"imports what has more than {in_words(MOST_AT_ONCE)}, {MOST_CAPTIONS_AT_ONCE} captions or, if "
            f"the file brings them, {MOST_WORDS_AT_ONCE:,} words."
        )
    )
    format = forms.ChoiceField(choices=[(name, FORMAT_LABELS[name]) for name in FORMATS])
    skip_invalid = forms.BooleanField(required=False, label="Import the good rows although others are bad")

    def clean(self):
        """Check a short file as a whole, so that every bad row is shown before anything is imported. A long
        one is a worker's, and the import's page shows them."""
        data = super().clean()
        if self.errors:
            return data
        data["content"] = data["file"].read()
        data["file_name"] = data.pop("file").name
        is_long = len(data["content"]) > MOST_AT_ONCE
        try:
            if is_long:
                check_new_name(data["project"], data["name"])
            else:
                result = import_prompts(dry_run=True, **data)
                is_long = result.is_long
                if not data["skip_invalid"]:
                    self._show_bad_rows(result.errors)
        except CaptionFileError as error:
            self.add_error("file", sentence(error))
        except PromptSetError as error:
            self.add_error("name", str(error))
        return {**data, "is_long": is_long}

    def _show_bad_rows(self, errors):
        for row_error in errors[:MAX_LISTED_ERRORS]:
            self.add_error("file", f"Row {row_error.row}: {row_error.reason}")
        if len(errors) > MAX_LISTED_ERRORS:
            self.add_error("file", f"… and {len(errors) - MAX_LISTED_ERRORS} more bad rows.")


class BuildWordsForm(MemberForm):
    name = forms.CharField(max_length=100, label="Name of the prompt set")
    source = forms.ModelChoiceField(
        PromptSet.objects.filter(parse_state=PromptSet.ParseState.PARSED), help_text="A parsed prompt set."
    )
    per_part_of_speech = forms.IntegerField(
        min_value=1, max_value=MOST_SAMPLED, initial=200, label="Words of each part of speech"
    )
    common = forms.IntegerField(
        min_value=1,
        max_value=len(RATED_PARTS_OF_SPEECH),
        initial=len(RATED_PARTS_OF_SPEECH),
        label="Parts of speech, most common first",
    )
    parts_of_speech = ListField(
        required=False,
        label="Or exactly these",
        help_text=f"With commas between, out of {', '.join(RATED_PARTS_OF_SPEECH)}.",
    )
    attention_checks = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_SAMPLED,
        help_text="Punctuation marks that nobody can see; empty: one for every twenty words.",
    )
    seed = forms.IntegerField(min_value=0, initial=0)

    def clean_parts_of_speech(self):
        return [part.upper() for part in self.cleaned_data["parts_of_speech"]] or None


class BuildCohyponymsForm(InProjectForm):
    name = forms.CharField(max_length=100, label="Name of the prompt set")
    count = forms.IntegerField(min_value=1, max_value=MOST_PAIRS, initial=1000, label="Pairs")
    cohyponym_share = forms.FloatField(min_value=0, max_value=1, initial=0.5, label="Share of cohyponyms")
    nouns = ListField(
        required=False, help_text="Only these nouns of the ontology, with commas between; empty: all."
    )
    seed = forms.IntegerField(min_value=0, initial=0)

    def clean_nouns(self):
        return self.cleaned_data["nouns"] or None


class CheckpointForm(RowForm):
    class Meta:
        model = Checkpoint
        fields = Checkpoint.KEPT
        help_texts = {
            "source": (
                "A hub id such as stabilityai/stable-diffusion-2-base, or a folder below one of those that "
                "CHECKPOINT_ROOTS lists."
            ),
            "revision": "Branch, tag or commit on the hub, or the hash of a folder; empty: the latest.",
        }

    def clean_source(self):
        source = self.cleaned_data["source"]
        try:
            check_source(source)
        except CheckpointRefusedError as error:
            raise forms.ValidationError(str(error)) from error
        return source


class StartRunForm(MemberForm):
    name = forms.CharField(max_length=100, label="Name of the run")
    prompt_set = forms.ModelChoiceField(PromptSet.objects.exclude(parse_state__in=PromptSet.NOT_WHOLE))
    checkpoint = forms.ModelChoiceField(
        Checkpoint.objects.all(), help_text="Another one is added on the page “Checkpoints”."
    )
    seeds = SeedListField(initial="0", help_text="One image per prompt and seed; commas between.")
    vary_seeds = forms.TypedChoiceField(
        required=False,
        label="Seeds by prompt",
        choices=[
            ("", "varied if the set repeats a prompt"),
            ("vary", "varied"),
            ("same", "the same for every prompt"),
        ],
        coerce=lambda choice: choice == "vary",
        empty_value=None,
        help_text=GenerationRun._meta.get_field("vary_seeds").help_text,
    )
    num_inference_steps = forms.IntegerField(min_value=1, max_value=1000, initial=30, label="Steps")
    guidance_scale = forms.FloatField(min_value=0, max_value=100, initial=7.5)
    scheduler = forms.ChoiceField(choices=GenerationRun.Scheduler.choices)
    batch_size = forms.IntegerField(
        min_value=1, max_value=64, initial=1, help_text="Images made at once by one worker."
    )
