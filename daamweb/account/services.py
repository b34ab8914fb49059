"""What changes somebody's password and second factor.

The second factor is an authenticator app (TOTP) and ten recovery codes, both kept in django-otp's tables.
"""

import logging
import re
import time
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from daamweb.account import recovery_codes
from daamweb.account.errors import WrongCodeError

logger = logging.getLogger(__name__)

APP_CODE = re.compile(r"[0-9]{6}")


def set_password(*, user: User, password: str) -> None:
    """All sessions of this account end, with the same password too: it is hashed with another salt."""
    user.set_password(password)  # which takes long on purpose, and is done before others have to wait
    user.save(update_fields=["password"])
    logger.info("The password of user %s was set.", user.pk)


@transaction.atomic
def begin_device(*, user: User) -> None:
    """Make a key for an authenticator app. It counts once somebody has shown that the app has it."""
    _lock(user)
    TOTPDevice.objects.filter(user=user, confirmed=False).delete()
    TOTPDevice.objects.create(user=user, name="Authenticator app", confirmed=False)


@transaction.atomic
def confirm_device(*, user: User, code: str) -> None:
    """From now on this person is asked for codes of the device that was begun, and of no other one.
    Raises WrongCodeError."""
    _lock(user)
    device = TOTPDevice.objects.filter(user=user, confirmed=False).order_by("-pk").first()
    if device is None or not device.verify_token(recovery_codes.plain(code)):
        raise WrongCodeError("This is not the code that the app shows now.")
    TOTPDevice.objects.filter(user=user).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    logger.info("User %s switched a second factor on.", user.pk)


@transaction.atomic
def make_recovery_codes(*, user: User) -> list[str]:
    """New ones; the old ones are worth nothing any more. This is the one time that they are known."""
    _lock(user)
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="Recovery codes")
    codes = recovery_codes.draw_codes()
    StaticToken.objects.bulk_create(
        StaticToken(device=device, token=recovery_codes.stored(device, code)) for code in codes
    )
    logger.info("User %s made new recovery codes.", user.pk)
    return codes


@transaction.atomic
def remove_second_factor(*, user: User) -> bool:
    """Whether there was one; from now on the password is enough."""
    _lock(user)
    removed, _ = TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    if removed:
        logger.info("The second factor of user %s was removed.", user.pk)
    return bool(removed)


@transaction.atomic
def verify_code(*, user: User, code: str) -> bool:
    """Whether this is a code of the person's app or a recovery code, good for this one time; True for
    anything if they have no second factor."""
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).order_by("-pk").first()
    if device is None:
        return True
    code = recovery_codes.plain(code)
    if APP_CODE.fullmatch(code):
        return bool(device.verify_token(code)) or _refused(device, code)
    if recovery_codes.PATTERN.fullmatch(code):
        kept = StaticDevice.objects.select_for_update().filter(user=user).first()
        return kept is not None and bool(kept.verify_token(recovery_codes.stored(kept, code)))
    return False


def _refused(device: Any, code: str) -> bool:
    """False; a code that was right and has been used is told to the log, since somebody may have seen it."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time()
    if totp.verify(int(code), device.tolerance):
        logger.warning("A code of user %s was sent again, or while codes were refused.", device.user_id)
    return False


def _lock(user: User) -> None:
    """One change at a time."""
    User.objects.select_for_update().get(pk=user.pk)
