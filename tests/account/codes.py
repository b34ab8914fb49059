"""An authenticator app, by RFC 6238; and people who have one."""

import hmac
import struct
import time
from datetime import timedelta

from django_otp.plugins.otp_totp.models import TOTPDevice

STEP = 30


def app_code(device: TOTPDevice, steps: int = 0) -> str:
    """What the app shows now, or that many steps of 30 seconds later."""
    moment = struct.pack(">Q", int(time.time()) // STEP + steps)
    digest = hmac.digest(bytes.fromhex(device.key), moment, "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 1_000_000:06}"


def wrong_code(device: TOTPDevice) -> str:
    """Six digits that the app shows at no time near."""
    near = {app_code(device, steps) for steps in range(-5, 6)}
    return next(code for code in ("000000", "111111", *map(str, range(222222, 222240))) if code not in near)


def give_device(user) -> TOTPDevice:
    """As if the person had set up a second factor some time ago."""
    return TOTPDevice.objects.create(user=user, name="Authenticator app", confirmed=True)


def let_pass(device, seconds: float) -> None:
    """As if its last wrong code had been sent that much earlier."""
    device.refresh_from_db()
    device.throttling_failure_timestamp -= timedelta(seconds=seconds)
    device.save()
