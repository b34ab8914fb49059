"""Who is let in: password and, for those who have a second factor, its code, together."""

from typing import Any

from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from daamweb.account.services import verify_code


class PasswordAndCodeBackend(BaseBackend):
    """Whoever is refused here is refused by all: a backend behind this one would ask for no code.

    The code is named otp_token because Django keeps what is named so out of logs. It is not looked at before
    the password is right: else strangers could use up the wrong guesses of somebody's device.
    """

    def authenticate(  # type: ignore[override]  # Django's is as loose as the credentials are
        self, request: HttpRequest | None, username: str, password: str, otp_token: str = ""
    ) -> User:
        user = ModelBackend().authenticate(request, username=username, password=password)
        if not isinstance(user, User) or not verify_code(user=user, code=otp_token):
            raise PermissionDenied
        return user

    def get_user(self, user_id: Any) -> User | None:
        user = ModelBackend().get_user(user_id)
        return user if isinstance(user, User) else None
