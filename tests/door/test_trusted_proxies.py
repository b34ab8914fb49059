"""The setting TRUSTED_PROXIES, as the environment gives it."""

import pytest

from tests.site import Site


def test_what_is_no_network_stops_the_site_with_the_reason(tmp_path):
    with pytest.raises(
        AssertionError, match=r"TRUSTED_PROXIES has to be networks .* 10\.0\.0\.1/8 has host bits"
    ):
        Site(tmp_path, TRUSTED_PROXIES="10.0.0.1/8").manage("check")


def test_networks_and_addresses_may_have_blanks_between(tmp_path):
    site = Site(tmp_path, TRUSTED_PROXIES="10.0.0.0/8, ::1")
    program = "from django.conf import settings; print(*settings.TRUSTED_PROXIES)"
    assert site.manage("shell", "--verbosity", "0", "--command", program).split() == ["10.0.0.0/8", "::1/128"]
