"""An id of another project's row beside one's own: in an address, or in a form's field."""

from collections.abc import Iterator

import pytest

from annotations.models import Study
from benchmarks.page_arguments import arguments
from benchmarks.pages import PLACEHOLDER, ROW_PAGE, filled, routes
from generation.models import GenerationRun, PromptSet
from tests.permissions.posts import POSTS, Post, posts_to
from tests.permissions.rule import DONE
from tests.permissions.rules import rule_of
from tests.permissions.visits import ELSEWHERE, foreign_markers, taken_back, visit
from tests.permissions.world import OWN, Who, World, dump

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rows]

# Of a row below another one; what is below the name of a model is a row by itself.
NESTED = [
    route
    for route, _ in routes()
    if len(PLACEHOLDER.findall(route)) > 1 and not ROW_PAGE.fullmatch(route) and "<str:label>" not in route
]


def mixed(route: str, world: World) -> Iterator[str]:
    """Below a row of the first project, a row of the second. What is no row, such as the name of an analysis,
    is the same in both."""
    for mine, theirs in zip(arguments(world.here)[route], arguments(world.there)[route], strict=True):
        for place, (own, foreign) in enumerate(zip(mine.values, theirs.values, strict=True)):
            if place > 0 and own != foreign:
                yield filled(route, [*mine.values[:place], foreign, *mine.values[place + 1 :]])


@pytest.mark.parametrize("route", NESTED)
def test_what_is_below_a_row_is_that_rows_own(world, route):
    """A member of another project is no member of this one, nor is another prompt's word one of this."""
    rule = rule_of(route)
    for address in mixed(route, world):
        for who in (Who.ANNOTATOR, *OWN, Who.SUPERUSER):
            asked = [("get", Post({}))] if rule.get[who] == DONE else []
            asked += [("post", post) for post in posts_to(route, world.here) if rule.post[who] == DONE]
            for method, post in asked:
                with taken_back(world.browsers[who]):
                    came = visit(world.browsers[who], method, address, post.data)
                    assert came.outcome == 404, (who, method, address)
                    assert foreign_markers(came, address) <= who.sees
                    assert came.wrote == []


def test_there_are_rows_below_rows(world):
    """Otherwise nothing would be tried above."""
    assert {route for route in NESTED if list(mixed(route, world))} >= {
        "projects/<int:pk>/members/<int:member_pk>/",
        "projects/<int:pk>/members/<int:member_pk>/remove/",
        "projects/<int:pk>/invitations/<int:invitation_pk>/revoke/",
        "generation/images/<int:pk>/overlays/<int:word_pk>.webp",
        "s/<slug:slug>/assignments/<int:pk>/",
        "s/<slug:slug>/assignments/<int:pk>/extend/",
    }


@pytest.mark.parametrize(
    "route", [route for route in POSTS if route.startswith("admin/") and "<" not in route]
)
def test_a_form_takes_no_row_of_another_project(world, route):
    """Members of the first project send rows of the second: none of it is shown, used or changed."""
    there = world.there.project
    for who in OWN:
        for post in posts_to(route, world.there):
            with taken_back(world.browsers[who]):
                came = visit(world.browsers[who], "post", f"/{route}", post.data)
                wanted = post.elsewhere if who != Who.OBSERVER else 403
                assert came.outcome == wanted, (who, post)
                assert foreign_markers(came, "") <= who.sees
                assert not came.wrote or dump(there) == world.before[there]


@pytest.mark.parametrize("model", [Study, GenerationRun, PromptSet])
def test_nothing_moves_to_another_project(world, model):
    """Fields that no form offers are sent all the same."""
    here, there = world.here, world.there
    draft = here.studies[Study.State.DRAFT]
    row = {Study: draft, GenerationRun: here.run, PromptSet: here.run.prompt_set}[model]
    route = f"admin/{model._meta.app_label}/{model._meta.model_name}/<path:object_id>/change/"
    foreign = {
        "project": there.project.pk, "project_id": there.project.pk, "run": there.run.pk,
        "prompt_set": there.run.prompt_set_id, "slug": there.study.slug, "state": "open",
    }  # fmt: skip
    kept = ("project_id", "run_id", "prompt_set_id", "slug", "state")
    for who in (Who.OWNER, Who.SUPERUSER):
        address = filled(route, (row.pk,))
        data = {**posts_to(route, here)[-1].sent_to(address), **foreign}
        with taken_back(world.browsers[who]):
            came = visit(world.browsers[who], "post", address, data)
            assert came.outcome == ELSEWHERE
            stored = model.objects.get(pk=row.pk)
            assert stored.name == "renamed"
            for field in kept:
                assert getattr(stored, field, None) == getattr(row, field, None), field
