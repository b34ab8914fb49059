import re

import pytest
from django.core.management import CommandError, call_command

from annotations.models import Assignment, Study, Verification
from annotations.services.claims import claim_assignment
from annotations.services.closings import close_study
from tests.factories import answer_next, make_annotator, make_open_study, make_participation, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def close(pokes, django_capture_on_commit_callbacks):
    def close(*arguments: str) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            call_command("close_study", *arguments)

    return close


def answer_everything(study: Study) -> None:
    for _ in range(study.replicas):
        annotator = make_annotator()
        while answer_next(study, annotator, {"choice": 3}):
            pass


def test_it_closes_says_what_is_missing_and_has_the_plan_verified(close, pokes, capsys):
    study = make_open_study(replicas=1)
    answer_next(study, make_annotator(), {"choice": 3})
    close(study.name)
    study.refresh_from_db()
    assert study.state == Study.State.CLOSED
    assert capsys.readouterr().out == (
        "2 of 3 places have no answer that counts; the report can say something of 1 of 3 tasks "
        f"(those with at least 1).\n'{study.name}' is closed.\n"
    )
    assert pokes == [("annotations.jobs.run_verification", (Verification.objects.get().pk,))]


def test_what_is_being_rated_may_be_finished(close, pokes, capsys):
    study = make_open_study()
    turn = claim_assignment(participation=make_participation(study)).turn
    close(study.name)
    study.refresh_from_db()
    assert study.state == Study.State.CLOSING
    assert capsys.readouterr().out == (
        "9 of 9 places have no answer that counts; the report can say something of 0 of 3 tasks "
        f"(those with at least 2).\n'{study.name}' is closing: 1 at a task may finish, by "
        f"{turn.lease_expires_at:%Y-%m-%d %H:%M} UTC at the latest.\n"
    )
    assert pokes == []


@pytest.mark.parametrize("closing_already", [False, True])
def test_at_once_takes_back_what_is_being_rated(close, pokes, capsys, closing_already):
    study = make_open_study()
    turn = claim_assignment(participation=make_participation(study)).turn
    if closing_already:
        close_study(study=study)
    close(study.name, "--at-once")
    study.refresh_from_db()
    turn.refresh_from_db()
    assert (study.state, turn.state) == (Study.State.CLOSED, Assignment.State.RETURNED)
    assert f"'{study.name}' is closed." in capsys.readouterr().out
    assert [name for name, _ in pokes] == ["annotations.jobs.run_verification"]


def test_complete_closes_only_what_has_every_answer(close, capsys):
    study = make_open_study()
    answer_next(study, make_annotator(), {"choice": 3})
    with pytest.raises(CommandError, match="is open; 8 of 9 places have no answer that counts"):
        close(study.name, "--complete")
    study.refresh_from_db()
    assert study.state == Study.State.OPEN

    whole = make_open_study()
    answer_everything(whole)
    close(whole.name, "--complete")
    whole.refresh_from_db()
    assert whole.state == Study.State.CLOSED
    assert re.match(r"0 of 9 places .* something of 3 of 3 tasks", capsys.readouterr().out)


def test_unknown_names_drafts_and_what_closes_already_are_refused(close):
    with pytest.raises(CommandError, match="no study named 'no such'"):
        close("no such")
    for arguments in ((), ("--at-once",)):
        with pytest.raises(CommandError, match="is draft; only an open or paused study can be closed"):
            close(make_study().name, *arguments)
    study = make_open_study()
    claim_assignment(participation=make_participation(study))
    close(study.name)
    with pytest.raises(CommandError, match="is closing; it closes by itself"):
        close(study.name)
    close(study.name, "--at-once")
    with pytest.raises(CommandError, match="is closed; only an open or paused study can be closed"):
        close(study.name, "--at-once")
