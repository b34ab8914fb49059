"""Send forms as a researcher, and come as staff with some rights."""

import html

import pytest


@pytest.fixture
def submit(researcher_client, pokes, django_capture_on_commit_callbacks):
    """Send a form, follow where it leads; the page's text, unescaped."""

    def submit(address: str, data: dict) -> str:
        del pokes[:]
        with django_capture_on_commit_callbacks(execute=True):
            response = researcher_client.post(address, data, follow=True)
        assert response.status_code == 200
        return html.unescape(response.content.decode())

    return submit
