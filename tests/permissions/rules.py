"""Who may do what at which address: one mapping, by routes as the URL configuration writes them.

What is put in for their arguments is said in benchmarks/page_arguments.py, what is posted in posts.py."""

from tests.permissions.rule import (
    ALL,
    DONE,
    NOT_ALLOWED,
    OWNERS,
    SUPERUSERS,
    WORKERS,
    Rule,
    button,
    desk,
    form,
    in_any,
    in_project,
    maker,
    own_account,
    page,
    to_all,
    to_staff,
)
from tests.permissions.visits import DESK, ELSEWHERE
from tests.permissions.world import OTHERS, OWN, STAFF, STRANGERS, Who

RULES: dict[str, Rule] = {
    # --- the researchers' desk
    "admin/": Rule(to_staff(DONE), to_staff(DONE)),
    "admin/login/": Rule({**to_all(DONE), **dict.fromkeys(STAFF, DESK)}, to_all(DONE)),
    "admin/logout/": Rule(to_all(NOT_ALLOWED), to_all(DONE)),
    "admin/password_change/": Rule(to_staff(ELSEWHERE), to_staff(ELSEWHERE)),
    "admin/password_change/done/": Rule(to_staff(DONE), to_staff(NOT_ALLOWED)),
    "admin/autocomplete/": Rule(to_staff(403), to_staff(NOT_ALLOWED)),  # without a field; see test_lists.py
    "admin/jsi18n/": Rule(to_staff(DONE), to_staff(NOT_ALLOWED)),
    "admin/^(?P<app_label>auth|generation|annotations|evaluation)/$": Rule(to_staff(DONE), to_staff(DONE)),
    "admin/(?P<url>.*)$": Rule(to_staff(404), to_staff(404)),
    **desk("auth/user", look=SUPERUSERS, change=SUPERUSERS, delete=SUPERUSERS, add=SUPERUSERS, shared=True),
    "admin/auth/user/<id>/password/": maker(SUPERUSERS),
    **desk("generation/checkpoint", change=SUPERUSERS, delete=SUPERUSERS, add=SUPERUSERS, shared=True),
    # What was done with it is the site's.
    "admin/generation/checkpoint/<path:object_id>/history/": Rule(in_any(SUPERUSERS), in_any(SUPERUSERS)),
    **desk("generation/promptset", change=WORKERS, delete=WORKERS),
    "admin/generation/promptset/import/": maker(WORKERS),
    "admin/generation/promptset/build-words/": maker(WORKERS),
    "admin/generation/promptset/build-cohyponyms/": maker(WORKERS),
    **desk("generation/prompt", delete=WORKERS),
    **desk("generation/generationrun", change=WORKERS, delete=WORKERS),
    "admin/generation/generationrun/start/": maker(WORKERS),
    **desk("generation/generation", delete=WORKERS),
    **desk("annotations/study", change=WORKERS, delete=WORKERS),
    "admin/annotations/study/build/": maker(WORKERS),
    "admin/annotations/study/<int:pk>/state/<str:change>/": button(WORKERS),
    **desk("annotations/annotator", look=WORKERS),
    **desk("annotations/participation", look=WORKERS),
    **desk("annotations/response", look=WORKERS),
    **desk("annotations/problemreport", look=WORKERS),
    **desk("evaluation/report"),
    # --- projects
    "projects/": Rule(to_staff(DONE), {**to_staff(403), Who.SUPERUSER: DONE}),
    "projects/<int:pk>/": page(),
    "projects/<int:pk>/history/": page(),
    "projects/<int:pk>/stored/": page(),
    "projects/<int:pk>/rename/": button(OWNERS),
    "projects/<int:pk>/archive/": button(OWNERS),
    "projects/<int:pk>/restore/": button(OWNERS),
    "projects/<int:pk>/erase/": form(OWNERS),
    "projects/<int:pk>/leave/": Rule(to_staff(NOT_ALLOWED), {**in_project(ALL), Who.SUPERUSER: 404}),
    "projects/<int:pk>/members/<int:member_pk>/": button(OWNERS),
    "projects/<int:pk>/members/<int:member_pk>/remove/": button(OWNERS),
    "projects/<int:pk>/invite/": button(OWNERS),
    "projects/<int:pk>/invitations/<int:invitation_pk>/revoke/": button(OWNERS),
    "projects/invitations/<slug:token>/": Rule(
        to_all(DONE),
        {**dict.fromkeys(STRANGERS, DONE), **dict.fromkeys(OWN, 409), **dict.fromkeys(OTHERS, ELSEWHERE),
         Who.SUPERUSER: ELSEWHERE},
        public=True,
    ),
    # --- one's own account
    "account/": own_account(post=NOT_ALLOWED),
    "account/password/": own_account(),
    "account/second-factor/begin/": own_account(get=NOT_ALLOWED, post=ELSEWHERE),
    "account/second-factor/": own_account(get=ELSEWHERE, post=ELSEWHERE),
    "account/second-factor/off/": own_account(get=ELSEWHERE, post=ELSEWHERE),
    "account/recovery-codes/": own_account(get=ELSEWHERE, post=ELSEWHERE),
    "account/recovery-codes/recovery-codes.txt": own_account(get=NOT_ALLOWED, post=400),
    "account/other-sessions/": own_account(),
    # --- images
    "generation/imports/<int:pk>/": page(),
    "generation/runs/<int:pk>/": page(),
    "generation/runs/<int:pk>/retry/": button(WORKERS),
    "generation/runs/<int:pk>/cancel/": button(WORKERS),
    "generation/images/<int:pk>/": page(),
    "generation/images/<int:pk>/image.png": page(),
    "generation/images/<int:pk>/overlays/<int:word_pk>.webp": page(),
    # Its address is signed: whoever was given it may see the picture.
    "generation/pictures/<str:signed>": Rule(to_all(DONE), to_all(NOT_ALLOWED), public=True),
    # --- leased work
    "work/<str:label>/<int:pk>/": page(),
    "work/<str:label>/<int:pk>/cancel/": button(WORKERS),
    "work/<str:label>/<int:pk>/again/": button(WORKERS),
    # --- reports
    "evaluation/studies/<int:study_pk>/report/": page(),
    "evaluation/studies/<int:study_pk>/analyses/<slug:key>/": page(),
    "evaluation/studies/<int:study_pk>/analyses/<slug:key>/refresh/": button(ALL),
    "evaluation/studies/<int:study_pk>/responses.csv": form(WORKERS),
    "evaluation/studies/<int:study_pk>/codebook.csv": page(WORKERS),
    "evaluation/studies/<int:study_pk>/participations-codebook.csv": page(WORKERS),
    # Whoever asked for it alone; here that is none of them.
    "evaluation/exports/<int:pk>/responses.csv": Rule(to_staff(404), to_staff(NOT_ALLOWED)),
    "evaluation/exports/<int:pk>/participations.csv": Rule(to_staff(404), to_staff(NOT_ALLOWED)),
    "evaluation/runs/<int:run_pk>/analyses/": page(),
    "evaluation/runs/<int:run_pk>/analyses/<slug:key>/": page(),
    "evaluation/runs/<int:run_pk>/analyses/<slug:key>/refresh/": button(ALL),
    "evaluation/results/<slug:fingerprint>/figures/<slug:name>.svg": page(),
    # --- studies, and what they store
    "": Rule(to_all(DONE), to_all(NOT_ALLOWED)),
    "studies/<int:pk>/data/": page(),
    "studies/<int:pk>/retention/": button(WORKERS),
    "studies/<int:pk>/erase/": button(OWNERS),
    "studies/<int:pk>/languages/": Rule(in_project(ALL), in_project(WORKERS)),
    "studies/<int:pk>/languages/<str:tag>/": Rule(in_project(ALL), in_project(WORKERS)),
    "studies/<int:pk>/languages/<str:tag>/remove/": button(WORKERS),
    "studies/<int:pk>/codes/": form(WORKERS),
    "studies/<int:pk>/codes/entry-codes.csv": button(WORKERS),
    "studies/<int:pk>/codes/revoke/": button(WORKERS),
    "people/<int:pk>/erase/": form(OWNERS, hidden={"observer"}),
    # --- annotators
    "s/<slug:slug>/": Rule(to_all(DONE, annotator=ELSEWHERE), to_all(DONE), public=True),
    "s/<slug:slug>/instructions/": Rule(
        to_all(ELSEWHERE, annotator=DONE), to_all(NOT_ALLOWED), public=True
    ),
    "s/<slug:slug>/language/": Rule(to_all(NOT_ALLOWED), to_all(ELSEWHERE), public=True),
    "s/<slug:slug>/next/": Rule(to_all(NOT_ALLOWED), to_all(ELSEWHERE), public=True),
    "s/<slug:slug>/waiting/": Rule(to_all(ELSEWHERE, annotator=DONE), to_all(NOT_ALLOWED), public=True),
    "s/<slug:slug>/keep/": Rule(to_all(NOT_ALLOWED), to_all(204), public=True),
    "s/<slug:slug>/assignments/<int:pk>/": Rule(
        to_all(403, annotator=DONE), to_all(403, annotator=DONE), public=True
    ),
    "s/<slug:slug>/assignments/<int:pk>/decline/": Rule(
        to_all(NOT_ALLOWED), to_all(403, annotator=DONE), public=True
    ),
    "s/<slug:slug>/assignments/<int:pk>/report/": Rule(
        to_all(403, annotator=DONE), to_all(403, annotator=DONE), public=True
    ),
    "s/<slug:slug>/report/": Rule(
        to_all(ELSEWHERE, annotator=DONE), to_all(ELSEWHERE, annotator=DONE), public=True
    ),
    "s/<slug:slug>/stop/": Rule(to_all(ELSEWHERE, annotator=DONE), to_all(ELSEWHERE), public=True),
    "s/<slug:slug>/stopped/": Rule(to_all(ELSEWHERE, annotator=DONE), to_all(NOT_ALLOWED), public=True),
    "s/<slug:slug>/withdraw/": Rule(to_all(ELSEWHERE, annotator=DONE), to_all(ELSEWHERE), public=True),
    "s/<slug:slug>/no-consent/": Rule(
        to_all(DONE, annotator=ELSEWHERE), to_all(NOT_ALLOWED), public=True
    ),
    "s/<slug:slug>/assignments/<int:pk>/extend/": Rule(
        to_all(NOT_ALLOWED), to_all(403, annotator=DONE), public=True
    ),
    "s/<slug:slug>/thanks/": Rule(to_all(ELSEWHERE), to_all(NOT_ALLOWED), public=True),
}  # fmt: skip


class NoRuleError(LookupError):
    def __init__(self, route: str):
        super().__init__(
            f"The address {route!r} has no rule: say in RULES, in tests/permissions/rules.py, what comes of "
            "a GET and of a POST, and for whom."
        )


def rule_of(route: str) -> Rule:
    if route not in RULES:
        raise NoRuleError(route)
    return RULES[route]
