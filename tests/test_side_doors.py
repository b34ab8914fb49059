"""Ways past the layers that no import shows: a job that is none, a transaction in a page, an address of a
higher app. They are found in the syntax; each search is tried on what it has to find."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath

import pytest

from tests.sources import SITE, sources

PACKAGES = (*SITE, "benchmarks")
# Modules, or folders of modules, that call services and have no transactions of their own.
SHELL = ("views", "admin", "forms", "management")
TRANSACTIONS = ("atomic", "non_atomic_requests", "on_commit", "select_for_update")
USED = re.compile(r"""\{%\s*(?:extends|include)\s+["']([^"']+)["']""")
ADDRESS = re.compile(r"""\{%\s*url\s+["'](?:admin:(\w+?)_\w+|(\w+):[\w-]+)["']""")


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path, text in sources(*PACKAGES):
        yield path, ast.parse(text)


def imported(node: ast.AST) -> set[str]:
    """What an import statement brings in, with the whole of its names."""
    match node:
        case ast.Import():
            return {alias.name for alias in node.names}
        case ast.ImportFrom():
            return {f"{node.module}.{alias.name}" for alias in node.names}
    return set()


def made_jobs(tree: ast.AST) -> list[int]:
    """The lines on which a function is, or could be, made a Celery job."""
    found = []
    for node in ast.walk(tree):
        makers = [name for name in imported(node) if name.split(".")[0] == "celery"]
        decorators = getattr(node, "decorator_list", [])
        called = [each.func if isinstance(each, ast.Call) else each for each in decorators]
        if (
            any(name.endswith(("shared_task", "*")) for name in makers)
            or (isinstance(node, ast.Attribute) and node.attr == "shared_task")
            or any(isinstance(each, ast.Attribute) and each.attr == "task" for each in called)
        ):
            found.append(node.lineno)
    return sorted(set(found))


def transactions(tree: ast.AST) -> list[int]:
    """The lines on which a transaction begins, is waited for, or could be; or rows are locked."""
    found = []
    for node in ast.walk(tree):
        names = {part for name in imported(node) if name.startswith("django.db") for part in name.split(".")}
        if names & {"transaction", *TRANSACTIONS} or (
            isinstance(node, ast.Attribute) and node.attr in TRANSACTIONS
        ):
            found.append(node.lineno)
    return sorted(set(found))


def is_shell(path: str) -> bool:
    """Whether a module is a page, a form, a command, or what these are made of."""
    return any(part in SHELL or part.startswith("admin_") for part in PurePath(path).with_suffix("").parts)


def test_jobs_are_made_in_modules_named_jobs_only():
    making = {path: lines for path, tree in trees() if (lines := made_jobs(tree))}
    assert "annotations/jobs.py" in making
    elsewhere = [path for path in making if PurePath(path).name != "jobs.py"]
    assert elsewhere == ["benchmarks/broker_load.py"]  # which has a Celery of its own


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from celery import shared_task", True),
        ("from celery import current_app, shared_task as job", True),
        ("from celery import *", True),
        ("import celery\n@celery.shared_task\ndef sweep(): ...", True),
        ("import celery as c\nsweep = c.shared_task(name='sweep')(work)", True),
        ("from daamweb import celery_app\n@celery_app.task\ndef sweep(): ...", True),
        ("from daamweb.celery import app\n@app.task(bind=True)\ndef sweep(self): ...", True),
        ("from celery import current_app, Task", False),
        ("task = place.task\nprint(turn.task.role)", False),
        ('"""A shared_task."""', False),
    ],
)
def test_a_job_is_found(source, found):
    assert bool(made_jobs(ast.parse(source))) is found


def test_pages_forms_and_commands_leave_transactions_to_the_services():
    shell = {path: transactions(tree) for path, tree in trees() if is_shell(path)}
    assert {"annotations/views/turns.py", "daamweb/admin_forms.py", "generation/forms.py"} <= set(shell)
    assert {path: lines for path, lines in shell.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from django.db import transaction", True),
        ("from django.db import IntegrityError, transaction as t", True),
        ("from django.db.transaction import atomic", True),
        ("import django.db.transaction", True),
        ("from django import db\nwith db.transaction.atomic(): ...", True),
        ("from daamweb import pokes\npokes.transaction.on_commit(print)", True),
        ("Study.objects.select_for_update().get(pk=1)", True),
        ("from django.db import IntegrityError, models", False),
        ('"""There is no transaction around it."""', False),
        ("from annotations.services.studies import build_study", False),
    ],
)
def test_a_transaction_is_found(source, found):
    assert bool(transactions(ast.parse(source))) is found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("annotations/views/turns.py", True),
        ("evaluation/admin.py", True),
        ("annotations/admin/studies.py", True),
        ("daamweb/admin_deletion.py", True),
        ("generation/forms.py", True),
        ("generation/management/commands/generate.py", True),
        ("annotations/services/reviews.py", False),
        ("daamweb/pokes.py", False),
    ],
)
def test_pages_forms_and_commands_are_told_from_what_they_call(path, found):
    assert is_shell(path) is found


def named_templates(tree: ast.AST) -> set[str]:
    """The templates that a module names."""
    values = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return {value for value in values if isinstance(value, str) and value.endswith(".html")}


def lowest_users(named: Iterable[tuple[str, set[str]]], templates: Mapping[str, str]) -> dict[str, str]:
    """Template → the lowest app that shows it: the one in whose folder it is; of others those that name it,
    or show a template that extends or includes it. `named`: app, and the templates that it names;
    `templates`: name → text."""
    users = {name: {app for app, names in named if name in names} for name in templates}
    users |= {name: {name.split("/")[0]} for name in templates if name.split("/")[0] in SITE}
    changed = True
    while changed:
        changed = False
        for name, text in templates.items():
            for used in USED.findall(text):
                if used in users and not users[name] <= users[used]:
                    users[used] |= users[name]
                    changed = True
    return {name: min(apps, key=SITE.index) for name, apps in users.items() if apps}


def addresses_above(app: str, text: str) -> list[str]:
    """The apps above this one of which a template names an address."""
    named = [found[0] or found[1] for found in ADDRESS.findall(text)]
    return [other for other in named if other in SITE and SITE.index(other) > SITE.index(app)]


def test_a_template_names_no_address_of_an_app_above_those_that_show_it():
    """Of templates that no app has for itself, too, such as the admin's. `base.html` and the pages of errors
    stand above all apps."""
    read = [*sources("templates", *SITE, name="*.html")]
    templates = {path.partition("templates/")[2]: text for path, text in read if path.count("/") > 1}
    named = [(path.split("/")[0], named_templates(ast.parse(text))) for path, text in sources(*SITE)]
    lowest = lowest_users(named, templates)
    assert lowest["admin/service_form.html"] == "daamweb"
    assert lowest["admin/study_change_form.html"] == lowest["annotations/home.html"] == "annotations"
    assert set(templates) - set(lowest) <= {
        "admin/base_site.html",
        "admin/index.html",
        "admin/pagination.html",
    }
    above = {name: addresses_above(app, templates[name]) for name, app in lowest.items()}
    assert {name: apps for name, apps in above.items() if apps} == {}


def test_who_shows_a_template_is_told_by_what_is_named_extended_and_included():
    named = [("generation", {"admin/run.html"}), ("evaluation", {"admin/report.html", "admin/_part.html"})]
    templates = {
        "admin/frame.html": "",
        "admin/run.html": "{% extends \"admin/form.html\" %}{% include 'admin/_part.html' %}",
        "admin/form.html": "{% extends 'admin/frame.html' %}",
        "admin/report.html": "{% extends 'admin/frame.html' %}",
        "admin/_part.html": "",
        "admin/forgotten.html": "",
        "evaluation/page.html": "{% include 'admin/_part.html' %}",
    }
    assert lowest_users(named, templates) == {
        "admin/frame.html": "generation",
        "admin/run.html": "generation",
        "admin/form.html": "generation",
        "admin/report.html": "evaluation",
        "admin/_part.html": "generation",
        "evaluation/page.html": "evaluation",
    }


@pytest.mark.parametrize(
    ("app", "text", "found"),
    [
        ("annotations", "{% url 'evaluation:report' study.pk %}", ["evaluation"]),
        ("annotations", '{%url "admin:evaluation_report_changelist" %}', ["evaluation"]),
        ("daamweb", "{% url 'generation:run' 1 %}{% url 'admin:index' %}", ["generation"]),
        (
            "generation",
            "{% if a %}{% url 'admin:annotations_study_build' as b %}{% endif %}",
            ["annotations"],
        ),
        ("annotations", "{% url 'annotations:home' %}{% url 'generation:run' 1 %}", []),
        ("daamweb", "{% url 'admin:index' %}{% url opts|admin_urlname:'changelist' %}", []),
    ],
)
def test_an_address_of_an_app_above_is_found(app, text, found):
    assert addresses_above(app, text) == found
