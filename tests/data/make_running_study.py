"""Write running_study.json: the rows of a site in the middle of its work, as the version that is checked out
stores them. Made once per version whose databases must be migrated, by hand:

SECRET_KEY=x VAR_FOLDER=$(mktemp -d) python -m tests.data.make_running_study tests/data/running_study_0_2.json
"""

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import django

APPS = ("projects", "generation", "annotations", "evaluation")
# Of Django's own tables, what ours refer to.
OTHERS = ("auth_user",)


def make_rows() -> None:
    """Two open studies, with every kind of turn: claimed, answered, corrected, expired, returned, late,
    excluded, rejected, replaced, withdrawn, erased."""
    from annotations.models import Assignment
    from annotations.services.participations import erase_answers, withdraw
    from annotations.services.reviews import exclude_annotator, reject_visit, undo_review
    from annotations.services.turns import expire_due_turns, return_assignment
    from daamweb.projects.models import Role
    from tests.annotations.services.rows import again, claim, person, rate_everything, run_out, submit
    from tests.factories import (
        answer_turn,
        give_turn,
        make_cohyponym_prompt_set,
        make_member,
        make_open_study,
        make_prompt_set,
        make_run,
    )

    for role in Role.values:
        make_member(role, username=role)
    pairs = make_cohyponym_prompt_set([("cat", "dog", True), ("cat", "bus", False), ("cow", "horse", True)])
    objects = make_open_study("object_presence", make_run(pairs, seeds=(0, 1)), share_cap=0.5)
    people = [person(objects) for _ in range(9)]
    for participation in people[:3]:
        submit(claim(participation), ("cat", "dog"))
        submit(again(participation).assignments.get(), ("dog",), base=0)
    undone = exclude_annotator(participation=people[0], reason="careless")
    exclude_annotator(participation=people[1], reason="careless", rule="tested share", evidence={"passed": 1})
    reject_visit(visit=again(people[2]).visit, reason="no answer at all")
    answer_turn(give_turn(people[0].assignments.get().task, people[3]), {"objects": ["cat"]})
    rate_everything(people[3])
    undo_review(review=undone, reason="it was somebody else")
    for participation, end in ((people[4], "expire"), (people[5], "return")):
        turn = claim(participation)
        if end == "expire":
            run_out(turn)
            expire_due_turns(study=objects)
        else:
            return_assignment(assignment=turn)
    submit(claim(people[6]))
    withdraw(participation=people[6])
    submit(claim(people[7]))
    erase_answers(participation=people[7])
    claim(people[8])

    words = [("a", "DET", ""), ("dog", "NOUN", ""), ("runs", "VERB", ""), (".", "PUNCT", "attention_check")]
    likert = make_open_study(run=make_run(make_prompt_set([("a dog runs .", words)])), check_every=2)
    rater = person(likert)
    for choice in (4, 7, 2):
        answer_turn(claim(rater), {"choice": choice})
    claim(rater)
    assert Assignment.objects.count() > 15


def dump(path: Path) -> None:
    """Tables as they are in SQLite, and the migrations that made them."""
    from django.apps import apps
    from django.conf import settings

    tables = {}
    with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as database:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.app_label in APPS or model._meta.db_table in OTHERS:
                found = database.execute(f'SELECT * FROM "{model._meta.db_table}" ORDER BY id')
                columns = [column[0] for column in found.description]
                tables[model._meta.db_table] = {"columns": columns, "rows": found.fetchall()}
        applied = database.execute("SELECT app, max(name) FROM django_migrations GROUP BY app")
        migrations = {app: name for app, name in applied if app in APPS}
    content = json.dumps({"migrations": migrations, "tables": tables}, indent=0, ensure_ascii=False)
    path.write_text(content + "\n", encoding="utf-8")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "daamweb.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    make_rows()
    dump(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
