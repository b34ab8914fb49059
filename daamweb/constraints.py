"""Constraints that many models have alike."""

from django.db import models
from django.db.models import Q


def known(field: str, choices: type[models.TextChoices], name: str) -> models.CheckConstraint:
    """The field holds one of its choices: forms ask for that, the database insists on it."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=name)
