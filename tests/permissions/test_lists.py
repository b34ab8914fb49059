"""Lists of the admin, their filters, searches and actions, and what is offered while somebody types.

Whatever of another project is asked of them, they show nothing of it, do not tell whether it is there, and
leave its rows alone."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db.models import ForeignKey, Model
from django.http import HttpResponse
from django.test import RequestFactory

from daamweb.projects.roles import project_paths
from generation.models import Checkpoint
from tests.permissions.markers import HERE, THERE, rows_in
from tests.permissions.visits import foreign_markers, taken_back, visit
from tests.permissions.world import OWN, Who, World, dump

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rows]

ADMINS = {model: each for model, each in admin.site._registry.items() if project_paths(model)}
of_every_model = pytest.mark.parametrize("model", ADMINS, ids=lambda model: model._meta.model_name)
SHOWN_AS = (
    {}, {"all": ""}, {"_popup": "1"}, {"_popup": "1", "_to_field": "id"}, {"_facets": "True"}, {"o": "-1"},
)  # fmt: skip


def address(model: type[Model]) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def lookers(model: type[Model]) -> list[Who]:
    """Of one who only looks and one who does everything, those who see such rows."""
    return [Who.OWNER] if getattr(model, "PERSONAL", False) else [Who.OBSERVER, Who.OWNER]


def ask(world: World, who: Who, asked: str, query: dict[str, str]) -> HttpResponse:
    """A page that shows nothing of the other project, but what was asked."""
    came = visit(world.browsers[who], "get", asked, query)
    assert foreign_markers(came, "/".join(query.values())) <= who.sees, (who, asked, query)
    assert came.wrote == []
    return came.answer


def relations(model: type[Model]) -> Iterator[tuple[str, type[Model]]]:
    """Name and model of whatever leads from a row, or to it."""
    for field in model._meta.get_fields():
        if field.is_relation and field.related_model is not None:
            yield field.name, field.related_model


def foreign_filters(model: type[Model], world: World) -> Iterator[dict[str, str]]:
    """By rows of the other project, or their texts: what a list offers, and what nobody offered."""
    there = world.there.project
    if ADMINS[model].search_fields:
        yield {"q": THERE}
    yield {"id": str(rows_in(there, model).first().pk)}
    yield {"pk__in": ",".join(str(row.pk) for row in rows_in(there, model))}
    for name, related in relations(model):
        row = rows_in(there, related).last()
        if row is not None:
            yield {f"{name}__id__exact": str(row.pk)}
            yield {name: str(row.pk)}
        if "name" in {field.name for field in related._meta.concrete_fields}:
            yield {f"{name}__name__startswith": THERE}
    for path in set(project_paths(model)) - {"project"}:
        yield {f"{path}__id__exact": str(there.pk)}
        yield {f"{path}__name__startswith": THERE}


@of_every_model
def test_a_list_shows_its_own_projects_rows_however_it_is_shown(world, model):
    for who in lookers(model):
        for query in SHOWN_AS:
            answer = ask(world, who, address(model), query)
            assert set(answer.context["cl"].queryset) == set(rows_in(world.here.project, model)), query


@of_every_model
def test_a_row_of_another_project_is_found_by_no_filter_and_no_search(world, model):
    for who in lookers(model):
        for query in foreign_filters(model, world):
            answer = ask(world, who, address(model), query)
            # Found nothing, or is no filter of this list: asked again without it (302), or refused (400).
            assert answer.status_code in (200, 302, 400), query
            if answer.status_code == 200:
                assert answer.context["cl"].result_count == 0, (who, query)


@of_every_model
def test_choices_of_filters_are_ones_own(world, model):
    request = RequestFactory().get(address(model))
    request.user = world.users[Who.OWNER]
    shown = ADMINS[model].get_changelist_instance(request)
    offered = [str(choice["display"]) for each in shown.filter_specs for choice in each.choices(shown)]
    assert [choice for choice in offered if THERE in choice] == []


def test_choices_of_filters_are_offered_at_all(world):
    """Otherwise the test above would find nothing."""
    page = visit(world.browsers[Who.OWNER], "get", "/admin/generation/prompt/").answer
    offered = [str(choice["display"]) for each in page.context["cl"].filter_specs
               for choice in each.choices(page.context["cl"])]  # fmt: skip
    assert any(HERE in choice for choice in offered)


@of_every_model
def test_a_filter_by_what_refers_to_a_row_is_refused(world, model):
    """Else a list would tell which of its rows others refer to: those of persons, or of other projects."""
    for relation in model._meta.related_objects:
        for lookup in (relation.name, f"{relation.name}__id__exact", f"{relation.name}__isnull"):
            assert ask(world, Who.OWNER, address(model), {lookup: "1"}).status_code == 400, lookup


@pytest.mark.parametrize("lookup", ["runs", "runs__id__exact", "runs__project", "runs__isnull", "runs__name"])
def test_checkpoints_do_not_tell_whose_runs_they_made(world, lookup):
    """They are the site's, and listed to members of any project."""
    for who in OWN:
        for run in (world.here.run.pk, world.there.run.pk, 999):
            answer = ask(world, who, address(Checkpoint), {lookup: str(run)})
            assert answer.status_code == 400, (who, run)


# --- While somebody types ----------------------------------------------------------------------------------


def fields() -> Iterator[ForeignKey]:
    for model in admin.site._registry:
        yield from (field for field in model._meta.get_fields() if isinstance(field, ForeignKey))


@pytest.mark.parametrize("field", fields(), ids=str)
def test_what_is_offered_while_somebody_types_is_ones_own(world, field):
    query = {
        "app_label": field.model._meta.app_label,
        "model_name": field.model._meta.model_name,
        "field_name": field.name,
    }
    for who in (Who.OBSERVER, Who.OWNER):
        for term in ("", THERE, str(world.there.run.pk)):
            answer = ask(world, who, "/admin/autocomplete/", {**query, "term": term})
            assert answer.status_code in (200, 403, 404)
            if answer.status_code == 200 and term == THERE:
                assert answer.json()["results"] == []


# --- Actions -----------------------------------------------------------------------------------------------


def actions() -> Iterator[tuple[type[Model], str]]:
    """Django's own, where a list has it or not, and those of each list."""
    for model, model_admin in ADMINS.items():
        yield from ((model, name) for name in ("delete_selected", *model_admin.actions))


@pytest.mark.parametrize(("model", "action"), actions(), ids=lambda each: getattr(each, "__name__", each))
def test_an_action_leaves_rows_of_another_project_alone(world, model, action):
    here, there = world.here.project, world.there.project
    foreign = [str(row.pk) for row in rows_in(there, model)]
    own = [str(row.pk) for row in rows_in(here, model)]
    for who in OWN:
        for chosen, across in ((foreign, "0"), ([*own, *foreign], "0"), ([*own, *foreign], "1")):
            data = {"action": action, "_selected_action": chosen, "select_across": across, "post": "yes"}
            with taken_back(world.browsers[who]):
                came = visit(world.browsers[who], "post", address(model), data)
                assert foreign_markers(came, "") <= who.sees
                for project in (here, there) if who == Who.OBSERVER else (there,):
                    assert not came.wrote or dump(project) == world.before[project], (who, chosen, across)
