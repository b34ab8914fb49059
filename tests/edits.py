"""What the form of a row carries of how the row was when it was shown."""

import re
from html import unescape

from django.test import Client


def shown_on(page: str) -> str:
    """Of a page's first such form."""
    unescaped, escaped = r'name="shown" value="(\{"event".*?\}\})"', r'name="shown" value="([^"]*)"'
    found = re.search(unescaped, page) or re.search(escaped, page)
    assert found, "The page has no form of a row."
    return unescape(found[1])


def shown_at(client: Client, address: str) -> str:
    return shown_on(client.get(address).content.decode())
