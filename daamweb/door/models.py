"""How much of their limits people have used up today. Nothing in a row says who they are."""

from django.db import models


class Bucket(models.Model):
    """What `daamweb.door.limits` counts with. A row is of one day, and worth nothing afterwards."""

    day = models.DateField()
    purpose = models.CharField(max_length=100, help_text="What is limited.")
    whose = models.CharField(max_length=64, help_text="A hash under a key of this day.")
    full_at = models.BigIntegerField(
        help_text="When all that was taken will have come back, in microseconds since 1970."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["purpose", "whose"], name="bucket_once")]

    def __str__(self) -> str:
        return f"{self.purpose} on {self.day}"
