"""What a rule says: what comes of an address, for everybody who may come."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from daamweb.projects.models import Role
from tests.permissions.visits import DESK, ELSEWHERE, LOGIN
from tests.permissions.world import MEMBERS, OTHERS, OWN, STAFF, STRANGERS, Who

DONE = "what comes of it for those who may"
Outcomes = Mapping[Who, int | str]

ALL = frozenset(Role.values)
WORKERS = frozenset({Role.RESEARCHER.value, Role.OWNER.value})
OWNERS = frozenset({Role.OWNER.value})
SUPERUSERS: frozenset[str] = frozenset()  # no role is enough
NOT_ALLOWED = 405


@dataclass(frozen=True)
class Rule:
    """public: whoever has the link may read what is written for those who follow it, and join."""

    get: Outcomes
    post: Outcomes
    public: bool = False


def to_all(outcome: int | str, **others: int | str) -> Outcomes:
    """But to those who are named, such as `annotator=200`."""
    return {**dict.fromkeys(Who, outcome), **{Who[name.upper()]: out for name, out in others.items()}}


def to_staff(outcome: int | str) -> Outcomes:
    """Everybody else is asked to log in."""
    return {**dict.fromkeys(STRANGERS, LOGIN), **dict.fromkeys(STAFF, outcome)}


def in_any(may: Collection[str]) -> Outcomes:
    """Asks for the role that somebody has in any project."""
    return {**to_staff(DONE), **{who: 403 for who in MEMBERS if who.role not in may}}


def in_project(may: Collection[str], hidden: Collection[str] = (), absent: int | str = 404) -> Outcomes:
    """Asks for a row: who is in another project does not find it, nor do those from whom it is hidden."""
    own = {who: DONE if who.role in may else absent if who.role in hidden else 403 for who in OWN}
    return {**to_staff(DONE), **own, **dict.fromkeys(OTHERS, absent)}


def at_desk(may: Collection[str] | None, shared: bool) -> Outcomes:
    """The admin asks for the right before it looks for the row, which may be of the site (shared). None: not
    even superusers may."""
    if may is None:
        others = {} if shared else dict.fromkeys(OTHERS, 403)
        return {**to_staff(403), **others}
    if shared:
        return in_any(may)
    return {**in_any(may), **{who: DESK if who.role in may else 403 for who in OTHERS}}


def page(may: Collection[str] = ALL) -> Rule:
    """Shows a row."""
    return Rule(in_project(may), to_staff(NOT_ALLOWED))


def button(may: Collection[str]) -> Rule:
    """Does something with a row."""
    return Rule(to_staff(NOT_ALLOWED), in_project(may))


def form(may: Collection[str], hidden: Collection[str] = ()) -> Rule:
    """Shows a row and does something with it."""
    return Rule(in_project(may, hidden), in_project(may, hidden))


def maker(may: Collection[str]) -> Rule:
    """Makes rows, in a project of one's own."""
    return Rule(in_any(may), in_any(may))


def own_account(get: int | str = DONE, post: int | str = DONE) -> Rule:
    """Of whoever is logged in, and of nobody else's."""
    strangers = {False: LOGIN, True: NOT_ALLOWED}
    return Rule(
        {**to_staff(get), **dict.fromkeys(STRANGERS, strangers[get == NOT_ALLOWED])},
        {**to_staff(post), **dict.fromkeys(STRANGERS, strangers[post == NOT_ALLOWED])},
    )


def desk(
    model: str,
    *,
    look: Collection[str] = ALL,
    change: Collection[str] | None = None,
    delete: Collection[str] | None = None,
    add: Collection[str] | None = None,
    shared: bool = False,
) -> dict[str, Rule]:
    """The admin's own pages of a model, by who may look, change, … in the row's project; None: nobody."""
    adds = to_staff(403) if add is None else in_any(add)
    seen = in_any(look) if shared else in_project(look, hidden=ALL - set(look), absent=DESK)
    row = f"admin/{model}/<path:object_id>/"
    return {
        f"admin/{model}/": Rule(in_any(look), in_any(look)),
        f"admin/{model}/add/": Rule(adds, adds),
        f"{row}history/": Rule(seen, seen),
        f"{row}delete/": Rule(at_desk(delete, shared), at_desk(delete, shared)),
        f"{row}change/": Rule(at_desk(look, shared), at_desk(change, shared)),
        row: Rule(to_staff(ELSEWHERE), to_staff(ELSEWHERE)),
    }
