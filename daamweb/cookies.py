"""Cookies of our own, beside Django's."""

from django.conf import settings


def secure_name(name: str) -> str:
    """A browser takes a cookie of such a name over HTTPS only. `__Host-` would say more, but is not for
    cookies of a part of the site."""
    return f"__Secure-{name}" if settings.SESSION_COOKIE_SECURE else name
