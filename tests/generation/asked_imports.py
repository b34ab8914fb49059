"""Imports that are asked for, and whose workers are killed."""

from contextlib import suppress
from datetime import timedelta

from django.utils import timezone

from generation.models import Import, PromptSet
from generation.services import imports as service
from generation.services.import_requests import request_import
from generation.services.imports import import_prompts, run_import
from tests.factories import main_project

LINES = [f"caption {number}" for number in range(7)]
WORDS = ("1\tcats\tcat\tNOUN\t_\t_\t2\tnsubj\t_\t_", "2\tsleep\tsleep\tVERB\t_\t_\t0\troot\t_\t_", "")
CONLLU = "\n".join(line for number in range(7) for line in (f"# sent_id = {number}", *WORDS))


def asked(content: str = "\n".join(LINES), file_name: str = "a.txt", **options) -> Import:
    return request_import(
        project=main_project(), name="set", content=content.encode(), file_name=file_name, **options
    )


def import_lines(name: str = "set") -> PromptSet:
    content = "\n".join(LINES).encode()
    return import_prompts(project=main_project(), name=name, content=content, file_name="a.txt").imported()


def files(media_folder) -> list[str]:
    return [path.name for path in media_folder.rglob("*") if path.is_file()]


def killed_after(monkeypatch, slices: int) -> None:
    """The next import's worker is killed when it is to store one slice more."""
    store, stored = service._store, []

    def kill(*args):
        if len(stored) == slices:
            raise SystemExit
        stored.append(args)
        return store(*args)

    monkeypatch.setattr(service, "_store", kill)


def begin_and_die(row: Import, monkeypatch, slices: int) -> None:
    with monkeypatch.context() as patch:
        killed_after(patch, slices)
        with suppress(SystemExit):
            run_import(row=Import.objects.get(pk=row.pk))
    let_lease_run_out()


def let_lease_run_out() -> None:
    Import.objects.filter(state=Import.State.RUNNING).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )
