"""What was done in a project, by whom and when: append-only."""

from typing import Any, NoReturn

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
    OPENED = "opened", "opened"
    RESUMED = "resumed", "opened again"
    PAUSED = "paused", "paused"
    CLOSED = "closed", "closed"
    EXCLUDED = "excluded", "excluded"
    ACCEPTED = "accepted", "accepted"
    REJECTED = "rejected", "rejected"
    UNDID = "undid", "took back"
    EXPORTED = "exported", "exported"
    ERASED = "erased", "erased"
    INVITED = "invited", "invited"
    REVOKED = "revoked", "revoked"
    JOINED = "joined", "joined"
    LEFT = "left", "left"
    REMOVED = "removed", "removed"
    ARCHIVED = "archived", "archived"
    RESTORED = "restored", "restored"


class AppendOnlyError(TypeError):
    """Somebody tried to rewrite history."""


class EventQuerySet(models.QuerySet["Event"]):
    def update(self, **fields: Any) -> NoReturn:
        raise AppendOnlyError("What was done stays written down.")

    def delete(self) -> NoReturn:
        raise AppendOnlyError("What was done stays written down.")

    def bulk_update(self, objs: Any, fields: Any, batch_size: int | None = None) -> NoReturn:
        raise AppendOnlyError("What was done stays written down.")


class Event(models.Model):
    """It outlives what it is about: names are kept beside what they name. `actor` is empty for a command."""

    Action = Action

    project = models.ForeignKey(
        Project, on_delete=models.SET_NULL, null=True, db_index=False, related_name="events"
    )
    project_name = models.CharField(max_length=LONGEST_NAME)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    actor_name = models.CharField(max_length=LONGEST_LABEL)
    action = models.CharField(max_length=10, choices=Action)
    subject_type = models.CharField(max_length=100, help_text="The model, such as annotations.study.")
    subject_id = models.BigIntegerField()
    subject_name = models.CharField(max_length=LONGEST_LABEL)
    details = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            known("action", Action, "event_action_known"),
            models.CheckConstraint(
                condition=~Q(actor_name="") & ~Q(subject_type=""), name="event_has_actor_and_subject"
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-id"], name="event_of_project"),
            models.Index(fields=["subject_type", "subject_id", "-id"], name="event_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.get_action_display()} {self.subject_name}"

    def save(self, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnlyError("What was done stays written down.")
        super().save(**kwargs)

    def delete(self, using: Any = None, keep_parents: bool = False) -> NoReturn:
        raise AppendOnlyError("What was done stays written down.")
