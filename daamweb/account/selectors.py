"""What pages read about somebody's second factor."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from daamweb.account.recovery_codes import stored


def device_of(user: User) -> Any | None:
    """The TOTPDevice whose codes this person is asked for."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).order_by("-pk").first()


def new_device_of(user: User) -> Any | None:
    """The one that is being set up."""
    return TOTPDevice.objects.filter(user=user, confirmed=False).order_by("-pk").first()


def recovery_codes_left(user: User) -> int:
    found: int = StaticToken.objects.filter(device__user=user).count()
    return found


def are_recovery_codes_of(user: User, codes: Sequence[str]) -> bool:
    """Whether these are all the codes that are left."""
    device = StaticDevice.objects.filter(user=user).first()
    if device is None:
        return False
    kept = sorted(StaticToken.objects.filter(device=device).values_list("token", flat=True))
    return kept == sorted(stored(device, code) for code in codes)
