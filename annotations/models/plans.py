"""The frozen plan of a study, and what was found to be no longer as it was frozen."""

from django.db import models
from django.db.models import Q


class Plan(models.Model):
    """Written once, when the study opens: everything that was frozen but the tasks, and a hash over both.

    A row of its own, since it is large and no rating reads it.
    """

    settings = models.JSONField(help_text="Texts, settings, the analysis, how the images were made.")
    tasks = models.PositiveIntegerField(help_text="How many tasks were frozen.")
    tasks_sha256 = models.CharField(max_length=64, help_text="Hash over the tasks' hashes, in their order.")
    sha256 = models.CharField(max_length=64, help_text="Hash of the settings and of tasks_sha256.")
    verified_at = models.DateTimeField(
        null=True, blank=True, help_text="When rows and files were last held against it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(sha256="") & ~Q(tasks_sha256=""), name="plan_has_hashes"),
        ]

    def __str__(self) -> str:
        return f"plan {self.sha256[:12]}"


class Deviation(models.Model):
    """One thing that is not as it was frozen. Append-only: what was found once stays listed.

    `what` names it: a setting ("title"), a task by its position ("tasks.12"), "the list of tasks", a file by
    its name, "the plan itself", a rule that rows break. `frozen` and `now` are JSON, or hashes; None: there
    was, or is, nothing."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="deviations")
    what = models.CharField(max_length=200)
    frozen = models.TextField(null=True)  # noqa: DJ001 - nothing there is not the same as an empty text
    now = models.TextField(null=True)  # noqa: DJ001
    sha256 = models.CharField(
        max_length=64, help_text="Hash of what, frozen and now: found twice, kept once."
    )
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "sha256"], name="deviation_listed_once"),
        ]

    def __str__(self) -> str:
        return self.what
