"""What was done, by whom and when: append-only."""

from typing import Any, NoReturn, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from daamweb.constraints import known
from daamweb.projects.models.projects import LONGEST_NAME, Project

LONGEST_LABEL = 200


class Action(models.TextChoices):
    MADE = "made", "made"
    EDITED = "edited", "edited"
    DELETED = "deleted", "deleted"
    PARSING = "parsing", "began to parse"
    PARSED = "parsed", "parsed"
    RETRIED = "retried", "tried again"
    CANCELLED = "cancelled", "cancelled"
    OPENING = "opening", "began to open"
    OPENED = "opened", "opened"
    NOT_OPENED = "not_opened", "could not open"
    RESUMED = "resumed", "opened again"
    PAUSED = "paused", "paused"
    CLOSING = "closing", "began to close"
    CLOSED = "closed", "closed"
    EXCLUDED = "excluded", "excluded"
    ACCEPTED = "accepted", "accepted"
    REJECTED = "rejected", "rejected"
    UNDID = "undid", "took back"
    EXPORTED = "exported", "exported"
    ERASED = "erased", "erased"
    INVITED = "invited", "invited"
    REVOKED = "revoked", "revoked"
    ADDED = "added", "took in"
    JOINED = "joined", "joined"
    LEFT = "left", "left"
    REMOVED = "removed", "removed"
    ARCHIVED = "archived", "archived"
    RESTORED = "restored", "restored"


class AppendOnlyError(TypeError):
    """Somebody tried to rewrite history."""


class EventQuerySet(models.QuerySet["Event"]):
    def on(self, row: models.Model) -> Self:
        """What was done with a row itself."""
        return self.filter(subject_type=row._meta.label_lower, subject_id=row.pk)

    def within(self, row: models.Model) -> Self:
        """What was done with a row and with what is in it: with a study, and with those who took part."""
        return self.filter(within=key_of(row))

    def update(self, **fields: Any) -> NoReturn:
        raise AppendOnlyError("What was done stays written down.")

    def delete(self) -> NoReturn:
        raise AppendOnlyError("What was done stays written down.")

    def bulk_update(self, objs: Any, fields: Any, batch_size: int | None = None) -> NoReturn:
        raise AppendOnlyError("What was done stays written down.")

    def bulk_create(self, *args: Any, update_conflicts: bool = False, **options: Any) -> list["Event"]:
        if update_conflicts:
            raise AppendOnlyError("What was done stays written down.")
        return super().bulk_create(*args, **options)


def key_of(row: models.Model) -> str:
    """Which row it is, also when it is gone: "annotations.study:12"."""
    return f"{row._meta.label_lower}:{row.pk}"


class Event(models.Model):
    """It outlives what it is about: names are kept beside what they name. `actor` is empty for a command and
    for what the site does by itself; `project` for what is the site's."""

    Action = Action

    project = models.ForeignKey(
        Project, on_delete=models.SET_NULL, null=True, db_index=False, related_name="events"
    )
    project_name = models.CharField(max_length=LONGEST_NAME, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    actor_name = models.CharField(max_length=LONGEST_LABEL)
    action = models.CharField(max_length=10, choices=Action)
    subject_type = models.CharField(max_length=100, help_text="The model, such as annotations.study.")
    subject_id = models.BigIntegerField()
    subject_name = models.CharField(max_length=LONGEST_LABEL)
    within = models.CharField(
        max_length=120, help_text="On whose page it stands, such as annotations.study:12."
    )
    details = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            known("action", Action, "event_action_known"),
            models.CheckConstraint(
                condition=~Q(actor_name="") & ~Q(subject_type="") & ~Q(within=""),
                name="event_has_actor_and_subject",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-id"], name="event_of_project"),
            models.Index(fields=["subject_type", "subject_id", "-id"], name="event_of_subject"),
            models.Index(fields=["within", "-id"], name="event_within"),
        ]

    def __str__(self) -> str:
        whom = "" if self.is_of_the_actor else f" {self.subject_name}"
        return f"{self.actor_name} {self.get_action_display()}{whom}"

    def save(self, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnlyError("What was done stays written down.")
        super().save(**kwargs)

    def delete(self, using: Any = None, keep_parents: bool = False) -> NoReturn:
        raise AppendOnlyError("What was done stays written down.")

    @property
    def is_of_the_actor(self) -> bool:
        """Who joins or leaves does so with nobody else."""
        return self.subject_type == "auth.user" and self.subject_id == self.actor_id

    @property
    def in_words(self) -> str:
        """The details by name, since PostgreSQL keeps no order: "may spend: no; title: A → B"."""
        details = sorted(self.details.items())
        return "; ".join(f"{name.replace('_', ' ')}: {_said(value)}" for name, value in details)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return " → ".join(map(_said, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value in (None, "") else str(value)
