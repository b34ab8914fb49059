"""What the processes of test_editing_at_once.py do, by `manage.py shell`: two people save one form."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import setup_test_environment

from annotations.design import DESIGN_FIELDS
from annotations.models import Study
from annotations.services.studies import edit_draft
from daamweb.projects.models import Event, Role
from daamweb.projects.services.editing import EditConflictError
from daamweb.projects.shown import shown_of
from tests.factories import make_member, make_prompt_set, make_study
from tests.projects.views.forms import change_page, form_of

ROUNDS = 10


def at_once(*acts: Callable[[], object]) -> list:
    """Each in a connection of its own, begun at the same moment; what came of them."""
    barrier = Barrier(len(acts))

    def begin(act: Callable[[], object]) -> object:
        with closing(connection):
            connection.ensure_connection()
            barrier.wait(10)
            return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(begin, act) for act in acts]]


def services() -> None:
    """Print for every round what came of each, and whether what is stored is of who was not refused."""
    study, users = make_study(), [make_member(Role.RESEARCHER, username=name) for name in ("anna", "bob")]
    print(json.dumps([_services(study, users, number) for number in range(ROUNDS)]))


def _services(study: Study, users: list, number: int) -> list:
    shown = shown_of(Study.objects.get(), DESIGN_FIELDS)

    def edit(user) -> Callable[[], str]:
        def act() -> str:
            typed = {"title": f"{user}’s {number}"}
            try:
                edit_draft(study=study, typed=typed, shown=shown, by=user)
            except EditConflictError as conflict:
                return f"refused, since {conflict.events.get().actor_name} was faster"
            return "stored"

        return act

    outcomes = at_once(*map(edit, users))
    faster = users[outcomes.index("stored")]
    slower_was_told = f"refused, since {faster} was faster" in outcomes
    return [sorted(outcomes)[1], slower_was_told, Study.objects.get().title == f"{faster}’s {number}"]


def pages() -> None:
    """Print for every round how the admin answered, whether what is stored is of who was not refused, and how
    many edits are written down: of a draft, then of a prompt set."""
    setup_test_environment()
    users = [make_member(Role.RESEARCHER, username=name) for name in ("anna", "bob")]
    browsers = [_browser_of(user) for user in users]
    rows = ROUNDS * [(make_study(), "title")] + ROUNDS * [(make_prompt_set(), "name")]
    print(json.dumps([_pages(browsers, *row, number) for number, row in enumerate(rows)]))


def _pages(browsers: list[Client], row: Model, field: str, number: int) -> list:
    address = change_page(row)
    forms = [{**form_of(browser, address), field: f"{who} {number}"} for who, browser in enumerate(browsers)]
    before = Event.objects.count()
    acts = [_save(browser, form, address) for browser, form in zip(browsers, forms, strict=True)]
    statuses = at_once(*acts)
    row.refresh_from_db()
    stored = getattr(row, field) == f"{statuses.index(302)} {number}"
    return [sorted(statuses), stored, Event.objects.count() - before]


def _browser_of(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def _save(browser: Client, form: dict, address: str) -> Callable[[], int]:
    return lambda: browser.post(address, form).status_code
