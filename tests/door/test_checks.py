"""Somebody who puts a proxy in front is told what the limits need to know."""

from ipaddress import ip_network

from django.core.checks import run_checks

PROXY_SAYS_HTTPS = ("HTTP_X_FORWARDED_PROTO", "https")


def found() -> list[str]:
    return [each.id for each in run_checks(tags=["security"]) if each.id.startswith("door.")]


def test_a_proxy_that_is_not_named_is_warned_of(settings):
    settings.SECURE_PROXY_SSL_HEADER, settings.TRUSTED_PROXIES = PROXY_SAYS_HTTPS, []
    assert found() == ["door.W001"]


def test_a_named_proxy_and_none_at_all_are_fine(settings):
    settings.SECURE_PROXY_SSL_HEADER, settings.TRUSTED_PROXIES = PROXY_SAYS_HTTPS, [ip_network("10.0.0.1")]
    assert found() == []
    settings.SECURE_PROXY_SSL_HEADER, settings.TRUSTED_PROXIES = None, []
    assert found() == []
