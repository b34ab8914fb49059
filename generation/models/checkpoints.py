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
    LONGEST_REVISION = 100
    # What a run copies, as checkpoint_name and so on.
    KEPT = ("name", "source", "revision", "data_type")

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

    def kept(self) -> dict[str, str]:
        """For a run that is made with it: its columns, with what they keep of the checkpoint."""
        return {f"checkpoint_{name}": getattr(self, name) for name in self.KEPT}
