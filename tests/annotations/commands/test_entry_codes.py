import csv

import pytest
from django.core.management import CommandError, call_command

from annotations.models import EntryCode
from annotations.services.entry_codes import enter
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_open_study(access="codes")


def rows(capsys) -> list[dict]:
    return list(csv.DictReader(capsys.readouterr().out.splitlines()))


def test_codes_are_printed_once(study, capsys):
    call_command("entry_codes", study.name, "--count", "3")
    printed = rows(capsys)
    assert [row["label"] for row in printed] == ["P01", "P02", "P03"]
    assert enter(study=study, code=printed[1]["code"]).entry_code.label == "P02"


def test_labels_come_from_a_file(study, tmp_path, capsys):
    file = tmp_path / "labels.txt"
    file.write_text("Ada\n\nGrace\n", encoding="utf-8")
    call_command("entry_codes", study.name, "--labels", str(file))
    assert [row["label"] for row in rows(capsys)] == ["Ada", "Grace"]


def test_a_lost_code_is_replaced(study, capsys):
    call_command("entry_codes", study.name, "--count", "1")
    (old,) = rows(capsys)
    call_command("entry_codes", study.name, "--replace", "P01")
    (new,) = rows(capsys)
    assert new["label"] == "P01"
    assert enter(study=study, code=new["code"]) is not None
    assert old["code"] != new["code"]


def test_a_code_is_revoked(study, capsys):
    call_command("entry_codes", study.name, "--count", "1")
    call_command("entry_codes", study.name, "--revoke", "P01")
    assert "The code 'P01' lets nobody in any more." in capsys.readouterr().out
    assert EntryCode.objects.get().revoked_at is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Say how many codes you want"),
        (("--count", "1", "--revoke", "P01"), "Say how many codes you want"),
        (("--count", "0"), "0 codes cannot be made"),
        (("--labels", "/no/such/file"), "/no/such/file cannot be read"),
        (("--revoke", "P01"), "has no entry code with the label 'P01'"),
    ],
)
def test_bad_input_is_one_clear_line(study, arguments, message):
    with pytest.raises(CommandError) as caught:
        call_command("entry_codes", study.name, *arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not EntryCode.objects.exists()
