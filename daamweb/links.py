"""Links that an app offers for the pages of a lower app's objects.

Addresses are named downwards only, so a study's page cannot name its report's. The app that has the report
offers a link to it when it is ready, and the pages of studies show whatever was offered:

    offer(Study, Link("Report", "evaluation:report", in_lists=True))

Templates get at it by `{% load links %}{% offered_links study as links %}`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import template
from django.db.models import Model
from django.urls import reverse

from daamweb.projects.selectors import may

register = template.Library()


def everything(row: Any) -> bool:
    """For a link that every object has."""
    return True


@dataclass(frozen=True)
class Link:
    """`address` is the name of an address that takes the object's primary key, or a function of the object.

    Only objects that it `is_for` have the link, and only who may do `verb` with the object is shown it (see
    daamweb.projects.roles). One that stands `in_lists` is shown wherever such objects are listed, not only on
    an object's own page."""

    label: str
    address: str | Callable[[Any], str]
    verb: str = "view"
    is_for: Callable[[Any], bool] = everything
    in_lists: bool = False

    def address_of(self, row: Model) -> str:
        return reverse(self.address, args=[row.pk]) if isinstance(self.address, str) else self.address(row)


_offered: dict[type[Model], list[Link]] = {}


def offer(model: type[Model], *links: Link) -> None:
    """Have links shown on the pages of a model's objects, after those that were offered before. One that was
    offered already, as when Django is set up twice in a process, is not shown twice."""
    offered = _offered.setdefault(model, [])
    offered.extend(link for link in links if link not in offered)


def links_for(model: type[Model], *, in_lists: bool = False) -> list[Link]:
    """What was offered for a model's objects; with `in_lists` only what lists show."""
    return [link for link in _offered.get(model, []) if link.in_lists or not in_lists]


@register.simple_tag(takes_context=True)
def offered_links(context: template.Context, row: Model, in_lists: bool = False) -> list[dict[str, str]]:
    """The `label` and `address` of each link of an object, for a template whose reader sees the object."""
    user = context["request"].user
    return [
        {"label": link.label, "address": link.address_of(row)}
        for link in links_for(type(row), in_lists=in_lists)
        if link.is_for(row) and (link.verb == "view" or may(user, link.verb, row))
    ]
