"""Who is in a project, as what."""

from django.conf import settings
from django.db import models

from daamweb.constraints import known
from daamweb.projects.models.projects import Project


class Role(models.TextChoices):
    OWNER = "owner", "owner"
    RESEARCHER = "researcher", "researcher"
    OBSERVER = "observer", "observer"


class Membership(models.Model):
    """What a role may do is said in `daamweb.projects.roles`; spending money is given apart from it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    # Who is a member of something is taken out of it first, by which no project loses its last owner.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    may_spend = models.BooleanField(
        default=False, help_text="May publish to platforms that pay annotators, and have them paid."
    )
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project", "user__username"]
        constraints = [
            known("role", Role, "membership_role_known"),
            models.UniqueConstraint(fields=["project", "user"], name="membership_unique_in_project"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()} of {self.project}"
