"""Send forms as a researcher, and come as staff with some rights."""

import html

import pytest
from django.contrib.auth.models import Permission


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


@pytest.fixture
def staff_client(client, django_user_model):
    def staff_client(*codenames: str):
        user = django_user_model.objects.create_user(username="staff", password="staff", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(codename__in=codenames, content_type__app_label="generation")
        )
        client.force_login(user)
        return client

    return staff_client
