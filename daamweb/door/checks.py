"""What `manage.py check` says about the door."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security)
def check_proxies(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Behind a proxy that is not named, everybody comes from one address: the proxy's."""
    if settings.SECURE_PROXY_SSL_HEADER is None or settings.TRUSTED_PROXIES:
        return []
    return [
        Warning(
            "BEHIND_PROXY is set and TRUSTED_PROXIES is not: everybody seems to come from the proxy's "
            "address, so that limits for one address hold for all people together.",
            hint="Set TRUSTED_PROXIES to the network that the proxy connects from, such as 127.0.0.1/32.",
            id="door.W001",
        )
    ]
