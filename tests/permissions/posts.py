"""What is posted where, beside nothing at all; and what comes of it for those who may."""

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model

from annotations.design import DESIGN_FIELDS
from annotations.models import Study, StudyText
from annotations.texts import TEXT_FIELDS
from benchmarks.site_rows import Site
from daamweb.projects.models import Membership, Project
from daamweb.projects.shown import shown_of
from generation.models import GenerationRun, PromptSet
from tests.factories import typed_access, typed_design
from tests.permissions.visits import DESK, ELSEWHERE

# For those who may; of several, whichever the row asks for.
Done = int | str | tuple[int | str, ...]


@dataclass(frozen=True)
class Post:
    """elsewhere: what comes of it for those whose role is enough, in another project. superuser: for them,
    if it is something else. form_of: the model and the fields of the row whose form it is. language: of a
    study's texts."""

    data: Mapping[str, Any]
    done: Done = ELSEWHERE
    elsewhere: Done = ELSEWHERE
    superuser: Done | None = None
    form_of: tuple[type[Model], Sequence[str]] | None = None
    language: str = ""

    def sent_to(self, address: str) -> Mapping[str, Any]:
        """With how the row was when its form was made, which is how it is."""
        if self.form_of is None:
            return self.data
        model, fields = self.form_of
        pk = re.findall(r"/(\d+)/", address)[-1]
        named = {"study": pk, "language": self.language} if self.language else {"pk": pk}
        row = model._base_manager.filter(**named).first()
        return {**self.data, "shown": "" if row is None else str(shown_of(row, fields))}


def posts_to(route: str, site: Site) -> list[Post]:
    """Nothing, and what a page's form sends."""
    nothing = Post({}, NOTHING.get(route, 200), NOTHING.get(route, 200))
    if route.endswith("/delete/"):
        # What something else needs is said to, and stays.
        return [nothing, Post({"post": "yes"}, (200, ELSEWHERE, DESK))]
    return [nothing, *(post(site) for post in POSTS.get(route, ()))]


# What comes of nothing, other than a page.
NOTHING: dict[str, Done] = {
    "work/<str:label>/<int:pk>/cancel/": ELSEWHERE,
    "work/<str:label>/<int:pk>/again/": ELSEWHERE,
    "projects/": 422,
    "projects/<int:pk>/rename/": 422,
    "projects/<int:pk>/archive/": ELSEWHERE,
    "projects/<int:pk>/restore/": ELSEWHERE,
    "projects/<int:pk>/erase/": 422,
    "projects/<int:pk>/leave/": ELSEWHERE,
    "projects/<int:pk>/members/<int:member_pk>/": ELSEWHERE,
    "projects/<int:pk>/members/<int:member_pk>/remove/": ELSEWHERE,
    "projects/<int:pk>/invite/": 422,
    "projects/<int:pk>/invitations/<int:invitation_pk>/revoke/": ELSEWHERE,
    "generation/runs/<int:pk>/retry/": ELSEWHERE,
    "evaluation/studies/<int:study_pk>/responses.csv": ELSEWHERE,
    "generation/runs/<int:pk>/cancel/": ELSEWHERE,
    "evaluation/studies/<int:study_pk>/analyses/<slug:key>/refresh/": ELSEWHERE,
    "evaluation/runs/<int:run_pk>/analyses/<slug:key>/refresh/": ELSEWHERE,
    "admin/annotations/study/<path:object_id>/change/": (200, 409),  # of a draft, and of an opened one
    "admin/generation/checkpoint/<path:object_id>/change/": (200, 403),  # behind a frozen study it stays
    "studies/<int:pk>/retention/": ELSEWHERE,
    "studies/<int:pk>/erase/": 422,
    "studies/<int:pk>/languages/": 422,
    "studies/<int:pk>/languages/<str:tag>/": 409,  # which does not say what it shows
    "studies/<int:pk>/languages/<str:tag>/remove/": (200, ELSEWHERE),  # a draft asks first
    "studies/<int:pk>/codes/": 422,
    "studies/<int:pk>/codes/entry-codes.csv": 400,
    "studies/<int:pk>/codes/revoke/": ELSEWHERE,
    "people/<int:pk>/erase/": ELSEWHERE,
    "s/<slug:slug>/": ELSEWHERE,
    "s/<slug:slug>/assignments/<int:pk>/": 422,
    "s/<slug:slug>/assignments/<int:pk>/extend/": (200, 409),
    "s/<slug:slug>/assignments/<int:pk>/decline/": ELSEWHERE,
    "s/<slug:slug>/assignments/<int:pk>/report/": 422,
    "s/<slug:slug>/report/": 422,
}
MEASURED = '{"answered": 4500, "painted": 300, "visible": [[300, 4500]]}'
NAME = {"name": "renamed"}
A_RUN = {
    "name": "new", "seeds": "0", "num_inference_steps": 1, "guidance_scale": 1, "scheduler": "ddim",
    "batch_size": 1,
}  # fmt: skip
# Without a marker: what was typed is shown again to whoever typed it.
TEXTS = {
    "title": "A title", "consent": "A consent", "instructions": "Some instructions", "contact": "", "pay": "",
    "reviewed_by": "",
}  # fmt: skip
WORDS = {"name": "new", "per_part_of_speech": 1, "common": 1, "seed": 0}
PAIRS = {"name": "new", "count": 1, "cohyponym_share": 0, "seed": 0}
A_STUDY = {
    "kind": "attribution", "name": "new", "title": "", "replicas": 1, "check_every": 10, "lease_minutes": 30,
    "display": "veil", "seed": 0, **typed_access(),
}  # fmt: skip
ACCOUNT = {"username": "newcomer", "password1": "a long enough phrase", "password2": "a long enough phrase"}


def _draft(site: Site) -> dict[str, Any]:
    return {**typed_design(site.studies[Study.State.DRAFT]), **NAME}


def _file() -> dict[str, Any]:
    return {"name": "new", "format": "auto", "file": SimpleUploadedFile("a.txt", b"a cat")}


def _answer() -> dict[str, Any]:
    return {"page-token": str(uuid.uuid4()), "page-base": "", "page-measured": MEASURED, "choice": "3"}


# What forms send, with rows of the first project in them.
POSTS: dict[str, tuple[Callable[[Site], Post], ...]] = {
    "studies/<int:pk>/languages/<str:tag>/remove/": (lambda site: Post({"confirmed": "yes"}),),
    "admin/generation/promptset/import/": (
        lambda site: Post(_file(), superuser=200),  # is asked which project
        lambda site: Post({**_file(), "project": site.project.pk}),
    ),
    "admin/generation/promptset/build-words/": (
        lambda site: Post({**WORDS, "source": site.run.prompt_set_id}, elsewhere=200),
    ),
    "admin/generation/promptset/build-cohyponyms/": (
        lambda site: Post(PAIRS, superuser=200),
        lambda site: Post({**PAIRS, "project": site.project.pk}),
    ),
    "admin/generation/generationrun/start/": (
        lambda site: Post(
            {**A_RUN, "prompt_set": site.run.prompt_set_id, "checkpoint": site.run.checkpoint_id},
            elsewhere=200,
        ),
    ),
    "admin/annotations/study/build/": (lambda site: Post({**A_STUDY, "run": site.run.pk}, elsewhere=200),),
    "admin/annotations/study/<int:pk>/state/<str:change>/": (lambda site: Post({"confirmed": "yes"}),),
    "admin/annotations/study/<path:object_id>/change/": (
        lambda site: Post(_draft(site), 409),  # which does not say what it shows
        lambda site: Post({**_draft(site), **TEXTS}, (ELSEWHERE, 409), form_of=(Study, DESIGN_FIELDS)),
    ),
    "admin/generation/promptset/<path:object_id>/change/": (
        lambda site: Post(NAME, 409),
        lambda site: Post(NAME, form_of=(PromptSet, ["name"])),
    ),
    "admin/generation/generationrun/<path:object_id>/change/": (
        lambda site: Post(NAME, 409),
        lambda site: Post(NAME, form_of=(GenerationRun, ["name"])),
    ),
    "projects/": (lambda site: Post(NAME),),
    "projects/<int:pk>/rename/": (
        lambda site: Post(NAME, 409),
        lambda site: Post(NAME, form_of=(Project, ["name"])),
    ),
    "projects/<int:pk>/erase/": (lambda site: Post({"typed_name": "something else"}, 422),),
    "projects/<int:pk>/members/<int:member_pk>/": (
        lambda site: Post({"role": "observer"}, (ELSEWHERE, 409)),
        lambda site: Post({"role": "observer"}, form_of=(Membership, ["role", "may_spend"])),
    ),
    "projects/<int:pk>/invite/": (lambda site: Post({"role": "owner", "note": "a friend"}, 200),),
    "projects/invitations/<slug:token>/": (lambda site: Post(ACCOUNT),),
    "studies/<int:pk>/retention/": (
        lambda site: Post({"days": "3"}, 409),
        lambda site: Post({"days": "3"}, form_of=(Study, ["keep_identities_days"])),
        lambda site: Post({"days": "x"}, 422),
    ),
    "studies/<int:pk>/erase/": (lambda site: Post({"typed_name": site.study.name}, 422),),  # while it runs
    "studies/<int:pk>/languages/": (
        lambda site: Post({"language": "fr"}),
        lambda site: Post({"language": "?"}, 422),
    ),
    "studies/<int:pk>/languages/<str:tag>/": (
        lambda site: Post({"title": "x" * 201}, 422),
        lambda site: Post(TEXTS, form_of=(StudyText, TEXT_FIELDS), language="ar"),
    ),
    "studies/<int:pk>/codes/": (
        lambda site: Post({"count": "3"}, 422),
    ),  # it is open to whoever has the link
    "studies/<int:pk>/codes/revoke/": (lambda site: Post({"label": "P01"}),),
    "s/<slug:slug>/assignments/<int:pk>/": (lambda site: Post(_answer(), (ELSEWHERE, 409)),),
    "s/<slug:slug>/assignments/<int:pk>/report/": (
        lambda site: Post({"kind": "other", "text": "It is upside down."}),
    ),
    "s/<slug:slug>/report/": (lambda site: Post({"kind": "page_broken"}),),
}
