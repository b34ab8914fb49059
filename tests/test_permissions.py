"""The permission table: every address of the site, asked by everybody who may come, for rows of one project.

What is expected is in tests/permissions/rules.py. Nobody is shown a text of a project that they are not in,
nor changes its rows; a GET changes nothing at all."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import get_resolver, path

from benchmarks.pages import UnknownAddressError, routes
from daamweb.projects.models import Project
from daamweb.projects.views.projects import project_page
from tests.permissions.cases import addresses
from tests.permissions.markers import HERE
from tests.permissions.posts import Post, posts_to
from tests.permissions.rule import DONE, Rule
from tests.permissions.rules import RULES, NoRuleError, rule_of
from tests.permissions.visits import DESK, ELSEWHERE, Visit, foreign_markers, taken_back, visit
from tests.permissions.world import OTHERS, STAFF, Who, World, dump, keep_files, open_world

# The texts of its rows fit no plan.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rows]
ROUTES = [route for route, _ in routes()]
# Checkpoints are the site's; of persons and their answers there are no texts to be shown.
WITHOUT_TEXTS = (
    "admin/generation/checkpoint/",
    "admin/annotations/annotator/",
    "admin/annotations/response/",
)
ACCEPTED = (200, 204, ELSEWHERE)

world = pytest.fixture(open_world, scope="module")
media_folder = pytest.fixture(keep_files, autouse=True)


def expected(rule: Rule, who: Who, method: str, post: Post) -> tuple[int | str, ...]:
    outcome = (rule.get if method == "get" else rule.post)[who]
    if outcome in (403, DESK) and who in OTHERS and method == "post" and post.form_of is not None:
        return (404,)  # with what was typed, to be copied
    if outcome != DONE:
        return (outcome,)
    done = 200 if method == "get" else post.elsewhere if who in OTHERS else post.done
    if who == Who.SUPERUSER and post.superuser is not None:
        done = post.superuser
    return done if isinstance(done, tuple) else (done,)


def cases(route: str, world: World) -> Iterator[tuple[Who, str, str, Post]]:
    for address in addresses(route, world.here):
        for who in Who:
            yield who, "get", address, Post({})
            for post in posts_to(route, world.here):
                yield who, "post", address, post


def check(route: str, world: World, rule: Rule) -> list[str]:
    """What is wrong with an address, a line each."""
    found = []
    for who, method, address, post in cases(route, world):
        with taken_back(world.browsers[who]):
            came = visit(world.browsers[who], method, address, post.sent_to(address))
            wrong = list(problems(came, who, method, address, rule, post, world))
        asked = f"{who.value}: {method.upper()} {address}" + (f" {dict(post.data)}" if post.data else "")
        found += [f"{asked} {problem}" for problem in wrong]
    return found


def problems(
    came: Visit, who: Who, method: str, address: str, rule: Rule, post: Post, world: World
) -> Iterator[str]:
    if came.outcome not in (wanted := expected(rule, who, method, post)):
        yield f"answers {came.outcome}, not {' or '.join(map(str, wanted))}"
    for marker in foreign_markers(came, address) - who.sees - ({HERE} if rule.public else set()):
        yield f"shows a text of {marker}"
    if came.wrote and method == "get":
        yield f"writes: {came.wrote[0]}"
    elif came.wrote:
        for project in untouched(came, who, rule, world):
            if dump(project) != world.before[project]:
                yield f"changes rows of {project}"


def untouched(came: Visit, who: Who, rule: Rule, world: World) -> list[Project]:
    """Whose rows have to be what they were: both projects' after a refusal; else those of the other project,
    which is the first one for members of the second, unless they follow a link into it."""
    here, there = world.here.project, world.there.project
    if rule.post[who] != DONE and came.outcome not in ACCEPTED:
        return [here, there]
    return [here] if who in OTHERS and not rule.public else [there]


@pytest.mark.parametrize("route", ROUTES)
def test_an_address_does_for_everybody_what_its_rule_says(world, route):
    assert check(route, world, rule_of(route)) == []


def test_every_rule_is_an_addresses():
    assert set(RULES) - set(ROUTES) == set()


def test_pages_of_rows_show_them_to_those_who_may(world):
    """Otherwise nothing could be told by the markers."""
    silent = []
    for route in ROUTES:
        if "/<" not in route or rule_of(route).get[Who.OWNER] != DONE or route.startswith(WITHOUT_TEXTS):
            continue
        for address in addresses(route, world.here):
            came = visit(world.browsers[Who.OWNER], "get", address)
            if came.is_page and came.outcome == 200 and HERE not in came.shown.replace(f"{HERE} owner", ""):
                silent.append(address)
    assert silent == []


# --- A new address -----------------------------------------------------------------------------------------


@pytest.fixture
def new_address(monkeypatch):
    """Has Django serve one more address."""

    def new_address(route: str) -> str:
        resolver = get_resolver()
        added = path(route, lambda request, **arguments: None)
        monkeypatch.setattr(resolver, "url_patterns", [*resolver.url_patterns, added])
        return next(found for found, pattern in routes() if pattern is added)

    return new_address


def test_a_new_address_without_a_rule_fails_and_says_what_to_add(world, new_address):
    route = new_address("prizes/")
    assert route not in ROUTES
    with pytest.raises(
        NoRuleError, match=r"The address 'prizes/' has no rule: say in RULES, in tests/permissions/rules.py"
    ):
        test_an_address_does_for_everybody_what_its_rule_says(world, route)


def test_a_new_address_with_arguments_has_to_say_what_to_put_in(world, new_address):
    route = new_address("prizes/<int:pk>/")
    with pytest.raises(UnknownAddressError, match=r"'prizes/<int:pk>/' is new: say in benchmarks/page_arg"):
        check(route, world, RULES["generation/runs/<int:pk>/"])


# --- The table finds what it is for ------------------------------------------------------------------------


def get_unasked(rows, user, verb="view", **look_up):
    """As if `get_allowed` was forgotten."""
    return rows.get(**look_up)


def test_a_view_that_asks_nobody_is_found(world, monkeypatch):
    monkeypatch.setattr("generation.views.get_allowed", get_unasked)
    found = check("generation/runs/<int:pk>/", world, RULES["generation/runs/<int:pk>/"])
    address = f"/generation/runs/{world.here.run.pk}/"
    for who in OTHERS:
        assert f"{who.value}: GET {address} answers 200, not 404" in found
        assert f"{who.value}: GET {address} shows a text of {HERE}" in found


def test_a_button_that_asks_nobody_is_found(world, monkeypatch):
    monkeypatch.setattr("daamweb.projects.views.projects.get_allowed", get_unasked)
    found = check("projects/<int:pk>/rename/", world, RULES["projects/<int:pk>/rename/"])
    asked = f"POST /projects/{world.here.project.pk}/rename/ {{'name': 'renamed'}}"
    for who, refusal in ((Who.OBSERVER, 403), (Who.OTHER_OWNER, 404)):
        assert f"{who.value}: {asked} answers {ELSEWHERE}, not {refusal}" in found
    assert f"{Who.OTHER_OWNER.value}: {asked} changes rows of {world.here.project}" in found


def test_a_get_that_writes_is_found(world, monkeypatch):
    def rename(request, project, **changed):
        Project.objects.filter(pk=project.pk).update(name="renamed")
        return project_page(request, project, **changed)

    monkeypatch.setattr("daamweb.projects.views.projects.project_page", rename)
    found = check("projects/<int:pk>/", world, RULES["projects/<int:pk>/"])
    assert any(line.startswith("an owner: GET") and "writes: UPDATE" in line for line in found)


def test_everybody_comes_with_a_browser_of_their_own(world):
    assert set(world.browsers) == set(Who)
    for who, browser in world.browsers.items():
        assert isinstance(browser, Client)
        assert bool(browser.session.get("_auth_user_id")) == (who in STAFF)
