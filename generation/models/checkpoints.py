"""A checkpoint is weights on a hub or a disk."""

import re

from django.core.exceptions import ValidationError
from django.db import models

from daamweb.names import name_problem

# As git has them: a branch or tag may be in folders.
_REVISION = re.compile(r"\w[\w./+-]*", re.ASCII)


class Checkpoint(models.Model):
    """Weights on a hub or a disk. Once a run was made with it, it stays as it is."""

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
    IN_USE = (
        "Images are made with this checkpoint, so that it can neither be changed nor deleted. "
        "Add another one, under another name."
    )

    name = models.CharField(max_length=LONGEST_NAME, unique=True)
    source = models.CharField(
        max_length=LONGEST_SOURCE,
        help_text="A hub id such as stabilityai/stable-diffusion-2-base, or a folder.",
    )
    revision = models.CharField(
        max_length=LONGEST_REVISION,
        blank=True,
        help_text="Branch, tag or commit on the hub; empty: the latest.",
    )
    data_type = models.CharField(max_length=10, choices=DataType, default=DataType.FLOAT32)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.is_in_use() and self.kept() != Checkpoint.objects.get(pk=self.pk).kept():
            raise ValidationError(self.IN_USE)
        if problem := self.name and name_problem(self.name, self.LONGEST_NAME):
            raise ValidationError({"name": problem})
        if self.revision and (".." in self.revision or not _REVISION.fullmatch(self.revision)):
            raise ValidationError(
                {"revision": "A revision is the name of a branch or tag, a commit, or the hash of a folder."}
            )

    def is_in_use(self) -> bool:
        return self.pk is not None and self.runs.exists()

    def kept(self) -> dict[str, str]:
        """For a run that is made with it: its columns, with what they keep of the checkpoint."""
        return {f"checkpoint_{name}": getattr(self, name) for name in self.KEPT}
