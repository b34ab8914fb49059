"""What the processes of test_erasing_meanwhile.py do, by `manage.py shell`: a set is set aside while a worker
imports it, slice by slice."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from django.db import DatabaseError, connection

from daamweb.projects.services.erasures import request_erasure
from generation.models import Import
from generation.services import words
from generation.services.import_requests import request_import
from generation.services.imports import run_import
from tests.factories import main_project

ROUNDS = 5
CONTENT = "\n".join(f"caption {number}" for number in range(2000)).encode()


def set_aside_while_imported() -> None:
    """Print, for each round, what was raised, how the import ended and why, and what the set is."""
    words.PROMPTS_AT_ONCE = 2
    with ThreadPoolExecutor(1) as threads:
        print(json.dumps([_compete(f"set {number}", threads) for number in range(ROUNDS)]))


def _compete(name: str, threads: ThreadPoolExecutor) -> list[str]:
    row = request_import(project=main_project(), name=name, content=CONTENT, file_name="a.txt")
    worker = threads.submit(_import, row.pk)
    while Import.objects.get(pk=row.pk).done < 20:
        time.sleep(0.01)
    said = ""
    try:
        request_erasure(subject=row.prompt_set, typed_name=name, by=None)
    except DatabaseError as error:
        said = str(error)
    worker.result()
    ended = Import.objects.select_related("prompt_set").get(pk=row.pk)
    return [said, ended.state, ended.error, ended.prompt_set.parse_state]


def _import(pk: int) -> None:
    with closing(connection):
        run_import(row=Import.objects.get(pk=pk))
