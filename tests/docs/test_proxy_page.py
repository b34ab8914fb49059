"""The limits that docs/proxy.md gives a proxy are those of the site."""

import re

from django.conf import settings
from django.urls import reverse

from generation.forms import MOST_IMPORTED
from tests.docs.pages import TOP, read

TEXT = read(TOP / "docs" / "proxy.md")
KIB, MIB = 1024, 1024 * 1024


def test_a_proxy_refuses_what_the_site_refuses():
    sizes = re.findall(r"client_max_body_size (\d+)([km]);", TEXT)
    found = [int(number) * {"k": KIB, "m": MIB}[unit] for number, unit in sizes]
    assert found == [settings.DATA_UPLOAD_MAX_MEMORY_SIZE, MOST_IMPORTED]
    assert f"location = {reverse('admin:generation_promptset_import')} {{" in TEXT
