"""Staff means a member of something."""

from django.contrib.auth.models import User

from daamweb.projects.models import Membership


def mark_staff(*, user: User) -> None:
    """Let the user into the researchers' pages, or out of them, as the memberships say."""
    is_staff = user.is_superuser or Membership.objects.filter(user=user).exists()
    if user.is_staff != is_staff:
        User.objects.filter(pk=user.pk).update(is_staff=is_staff)
        user.is_staff = is_staff
