import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.views import defaults


@pytest.mark.parametrize(
    ("view", "arguments", "status"),
    [
        (defaults.bad_request, (ValueError("no"),), 400),
        (defaults.permission_denied, (PermissionError("no"),), 403),
        (defaults.page_not_found, (ValueError("no"),), 404),
        (defaults.server_error, (), 500),
    ],
)
def test_every_error_has_a_page_in_the_sites_clothes(view, arguments, status):
    page = view(RequestFactory().get("/"), *arguments)
    assert page.status_code == status
    assert f'<p class="eyebrow">{status}</p>' in page.text
    assert "css/daamweb.css" in page.text


def test_the_page_for_a_broken_server_needs_neither_request_nor_database():
    assert "Nothing that was stored before is lost" in render_to_string("500.html")
