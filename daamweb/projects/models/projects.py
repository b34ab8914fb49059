"""A project is what a group of people share."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.urls import reverse

LONGEST_NAME = 100


class Project(models.Model):
    """Prompt sets, runs, studies and annotators belong to one for good. An archived one is only looked at."""

    name = models.CharField(max_length=LONGEST_NAME, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="project_has_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("projects:project", args=[self.pk])

    def mark_archived(self, *, now: datetime) -> bool:
        return self._move(archived_at=now, was_archived=False)

    def mark_restored(self) -> bool:
        return self._move(archived_at=None, was_archived=True)

    def _move(self, *, archived_at: datetime | None, was_archived: bool) -> bool:
        rows = Project.objects.filter(pk=self.pk, archived_at__isnull=not was_archived)
        moved = rows.update(archived_at=archived_at)
        if moved:
            self.archived_at = archived_at
        return bool(moved)
