"""A checkpoint is weights on a hub or a disk."""

from django.db import models


class Checkpoint(models.Model):
    """Weights on a hub or a disk."""

    class DataType(models.TextChoices):
        FLOAT32 = "float32", "float32"
        FLOAT16 = "float16", "float16 (GPU)"
        BFLOAT16 = "bfloat16", "bfloat16 (GPU)"

    SHARED = True  # the site's, not a project's

    LONGEST_NAME = 100
    LONGEST_SOURCE = 500

    name = models.CharField(max_length=LONGEST_NAME, unique=True)
    source = models.CharField(
        max_length=LONGEST_SOURCE,
        help_text="A hub id such as stabilityai/stable-diffusion-2-base, or a folder.",
    )
    revision = models.CharField(
        max_length=100, blank=True, help_text="Branch, tag or commit on the hub; empty: the latest."
    )
    data_type = models.CharField(max_length=10, choices=DataType, default=DataType.FLOAT32)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
