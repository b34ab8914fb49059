"""An invitation makes whoever follows its link a member, once."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from daamweb.constraints import known
from daamweb.projects.models.memberships import Role
from daamweb.projects.models.projects import Project


class Invitation(models.Model):
    """Its link is shown once, to who made it; what is stored is the hash of the link's token."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Role)
    may_spend = models.BooleanField(default=False)
    note = models.CharField(max_length=100, blank=True, help_text="For whom it is, for your own list.")
    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            known("role", Role, "invitation_role_known"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(revoked_at__isnull=True),
                name="invitation_accepted_or_revoked",
            ),
            models.CheckConstraint(condition=~Q(token_sha256=""), name="invitation_has_token"),
        ]

    def __str__(self) -> str:
        return f"invitation to {self.project} as {self.get_role_display()}"

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > timezone.now()
