"""Prompts and their words; a prompt set has one origin and one recipe."""

from django.db import models
from django.db.models import F, Q

from daamweb.constraints import known
from daamweb.projects.models import Project


class ParseState(models.TextChoices):
    IMPORTING = "importing", "being imported"
    ERASING = "erasing", "being erased"
    NOT_ASKED = "not_asked", "not parsed"
    QUEUED = "queued", "waiting for the parser"
    PARSING = "parsing", "being parsed"
    PARTLY = "partly", "partly parsed"
    PARSED = "parsed", "parsed"
    FAILED = "failed", "failed"


class PromptSet(models.Model):
    """Prompts with one origin and one recipe."""

    ParseState = ParseState
    # A part of the words, or of the prompts, is still to come: nothing is built on it.
    IN_PARTS = (ParseState.IMPORTING, ParseState.ERASING, ParseState.PARSING, ParseState.PARTLY)
    # Some of its prompts are not there: no images are made of it, and no parse is asked for.
    NOT_WHOLE = (ParseState.IMPORTING, ParseState.ERASING)

    PROJECT_PATHS = ("project",)
    LONGEST_NAME = 100

    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, editable=False, db_index=False, related_name="prompt_sets"
    )
    name = models.CharField(max_length=LONGEST_NAME)
    origin = models.CharField(
        max_length=30, help_text="How the prompts came here: a file's format or a builder's name."
    )
    recipe = models.JSONField(
        default=dict, help_text="Everything needed to make the set again: file, options, seed."
    )
    parser = models.CharField(
        max_length=200, blank=True, help_text="Name and version of the parser of its words."
    )
    parse_state = models.CharField(max_length=10, choices=ParseState, default=ParseState.NOT_ASKED)
    parse_error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            known("parse_state", ParseState, "prompt_set_parse_state_known"),
            models.UniqueConstraint(fields=["project", "name"], name="prompt_set_name_unique_in_project"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def obstacle(self) -> str:
        """What keeps others from building on it, behind its name in a sentence; empty for a whole one."""
        if self.parse_state == ParseState.PARTLY:
            return "is partly parsed: a part of its words was replaced; parse it again"
        if self.parse_state == ParseState.ERASING:
            return "is being erased"
        if self.parse_state in self.IN_PARTS:
            return f"is {self.get_parse_state_display()} at the moment; wait until that is done"
        return ""


class Prompt(models.Model):
    """A text given to the model."""

    PROJECT_PATHS = ("prompt_set__project",)

    prompt_set = models.ForeignKey(PromptSet, on_delete=models.CASCADE, related_name="prompts")
    position = models.PositiveIntegerField(help_text="Its place in the set, from 0.")
    external_id = models.CharField(
        max_length=255, help_text="Its id in the file it came from, unique in the set."
    )
    text = models.TextField()
    metadata = models.JSONField(
        default=dict, blank=True, help_text="Other columns of the file; the nouns of a pair."
    )

    class Meta:
        ordering = ["prompt_set", "position"]
        constraints = [
            models.UniqueConstraint(fields=["prompt_set", "position"], name="prompt_position_unique_in_set"),
            models.UniqueConstraint(
                fields=["prompt_set", "external_id"], name="prompt_external_id_unique_in_set"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="prompt_text_not_empty"),
        ]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 80 else f"{self.text[:79]}…"


class Word(models.Model):
    """A linguistic unit of a prompt, identified by its place: a prompt may say "a dog and a dog"."""

    PROJECT_PATHS = ("prompt__prompt_set__project",)

    class Role(models.TextChoices):
        NONE = "", "—"
        TARGET = "target", "to be rated"
        ATTENTION_CHECK = "attention_check", "attention check"

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="words")
    position = models.PositiveIntegerField(help_text="Its place among the prompt's words, from 0.")
    start = models.PositiveIntegerField(help_text="Offset of its first character in the prompt's text.")
    end = models.PositiveIntegerField(help_text="Offset after its last character.")
    text = models.TextField()
    lemma = models.TextField(blank=True)
    # The labels come from treebanks and parsers of any language, which set no limit to their length.
    part_of_speech = models.TextField(help_text="Universal part of speech, such as NOUN.")
    tag = models.TextField(blank=True, help_text="The parser's fine-grained tag.")
    head = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="dependents",
        help_text="Empty for the root.",
    )
    relation = models.TextField(blank=True, help_text="Universal Dependencies relation to the head.")
    enhanced_relation = models.TextField(blank=True, help_text="Such as nmod:of or conj:and.")
    role = models.CharField(max_length=20, choices=Role, blank=True, default=Role.NONE)

    class Meta:
        ordering = ["prompt", "position"]
        constraints = [
            models.UniqueConstraint(fields=["prompt", "position"], name="word_position_unique_in_prompt"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="word_span_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.text} ({self.part_of_speech})"
