"""Forms as a browser sends them back, and the pages that answer."""

import html
import re

from django.forms import Form
from django.test import Client
from django.urls import reverse

from daamweb.projects.models import Event
from tests.edits import shown_at

NOTHING_STORED = "Nothing was stored: somebody changed this meanwhile"


def browser_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def change_page(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def form_of(client: Client, address: str) -> dict[str, str]:
    """What a browser would send back from the admin's page, untouched."""
    return {**sent_back(client.get(address).context["adminform"].form), "shown": shown_at(client, address)}


def sent_back(form: Form) -> dict[str, str]:
    values = {name: form[name].value() for name in form.fields if name != "password"}
    return {name: "" if value is None else value for name, value in values.items() if value is not False}


def text_of(answer, status: int) -> str:
    assert answer.status_code == status
    return " ".join(html.unescape(re.sub(r"</?bdi>", "", answer.text)).split())


def edited() -> int:
    return Event.objects.filter(action=Event.Action.EDITED).count()


def lost(answer, status: int, *typed: str) -> str:
    """The page on which what was typed can be copied."""
    page = text_of(answer, status)
    assert "Nothing was stored" in page
    assert "no-store" in answer.headers["Cache-Control"]
    for each in typed:
        assert f'readonly dir="auto"> {each}</textarea>' in page
    return page
