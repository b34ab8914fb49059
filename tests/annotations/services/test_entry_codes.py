"""Codes that name one participation each."""

import io
import re

import pytest
from django.db import IntegrityError, transaction

from annotations.errors import EntryCodeError, StudyNotOpenError, WrongCodeError
from annotations.models import Annotator, EntryCode, Participation
from annotations.services.closings import close_study, pause_study
from annotations.services.entry_codes import (
    ALPHABET,
    MadeCode,
    enter,
    made_codes,
    make_entry_codes,
    replace_entry_code,
    revoke_entry_code,
    take_over,
    write_codes,
)
from annotations.services.erasing import erase_study
from annotations.services.identities import erase_person, forget_identities
from annotations.services.participations import move_to_device
from daamweb.projects.models import Event
from tests.factories import make_open_study, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_open_study(access="codes")


def test_codes_are_readable_differ_and_are_kept_as_hashes(study):
    made = make_entry_codes(study=study, count=40)
    assert len({each.code for each in made}) == 40
    for each in made:
        assert re.fullmatch(f"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{2}}", each.code)
    assert not set("01OIL") & set(ALPHABET)
    stored = " ".join(" ".join(map(str, row)) for row in EntryCode.objects.values_list())
    assert not any(each.code in stored or each.code.replace("-", "") in stored for each in made)


def test_labels_go_on_where_they_were_and_are_given_once(study):
    assert [each.label for each in make_entry_codes(study=study, count=2)] == ["P01", "P02"]
    make_entry_codes(study=study, count=1, labels=["P04"])
    assert [each.label for each in make_entry_codes(study=study, count=2)] == ["P03", "P05"]
    with pytest.raises(EntryCodeError, match="has codes with these labels already: P01"):
        make_entry_codes(study=study, count=1, labels=["P01"])


@pytest.mark.parametrize(
    ("count", "labels", "message"),
    [
        (0, [], "0 codes cannot be made at once; ask for 1 to 500"),
        (501, [], "501 codes cannot be made"),
        (2, ["a"], "There are 1 labels for 2 codes"),
        (2, ["a", "a "], "came more than once: a"),
        (1, ["x" * 61], "1 to 60 characters; this one has 61"),
        (1, [" "], "1 to 60 characters; this one has 0"),
        (1, ["=1+1"], "begins with a letter or a digit"),
    ],
)
def test_what_cannot_be_made_is_refused(study, count, labels, message):
    with pytest.raises(EntryCodeError, match=message):
        make_entry_codes(study=study, count=count, labels=labels)
    assert not EntryCode.objects.exists()


def test_a_study_that_is_open_to_others_takes_no_codes():
    with pytest.raises(EntryCodeError, match="is for whoever has the link; it takes no codes"):
        make_entry_codes(study=make_study(), count=1)


def test_codes_can_be_made_before_the_study_is_open_and_it_is_written_down_how_many():
    study = make_study(access="codes")
    make_entry_codes(study=study, count=3)
    event = Event.objects.get(action=Event.Action.EDITED)
    assert (event.subject_name, event.details) == (study.name, {"entry codes": [0, 3]})


@pytest.mark.parametrize("typed", [str, str.lower, lambda code: code.replace("-", ""), " {} ".format])
def test_a_code_leads_to_one_participation_however_it_is_typed(study, typed):
    (made,) = make_entry_codes(study=study, count=1)
    person = enter(study=study, code=typed(made.code))
    assert enter(study=study, code=made.code) == person
    assert (Participation.objects.count(), Annotator.objects.count()) == (1, 1)
    row = EntryCode.objects.get()
    assert row.participation == person
    assert (person.annotator.platform, person.annotator.external_id) == ("code", str(row.pk))


def test_two_codes_are_two_people(study):
    first, second = make_entry_codes(study=study, count=2)
    assert enter(study=study, code=first.code) != enter(study=study, code=second.code)


def test_a_code_of_another_study_is_wrong(study):
    (made,) = make_entry_codes(study=make_open_study(access="codes"), count=1)
    for code in (made.code, "", "2222-2222-2222", "x" * 1000):
        with pytest.raises(WrongCodeError):
            enter(study=study, code=code)


def test_a_paused_study_lets_back_in_who_is_in_and_nobody_new(study):
    first, second = make_entry_codes(study=study, count=2)
    person = enter(study=study, code=first.code)
    pause_study(study=study)
    assert enter(study=study, code=first.code) == person
    with pytest.raises(StudyNotOpenError):
        enter(study=study, code=second.code)
    assert Participation.objects.count() == 1


def test_a_code_that_was_revoked_lets_nobody_in(study):
    first, second = make_entry_codes(study=study, count=2)
    person = enter(study=study, code=first.code)
    for label in ("P01", "P02"):
        revoke_entry_code(study=study, label=label)
    for each in (first, second):
        with pytest.raises(WrongCodeError) as caught:
            enter(study=study, code=each.code)
        assert caught.value.was_revoked
    device = Participation.objects.get().device
    with pytest.raises(WrongCodeError):
        take_over(participation=person)
    assert Participation.objects.get().device == device
    for label, message in (("P01", "was revoked already"), ("P9", "has no entry code with the label 'P9'")):
        with pytest.raises(EntryCodeError, match=message):
            revoke_entry_code(study=study, label=label)


def test_whoever_lost_a_code_goes_on_with_another_one_and_the_old_one_lets_nobody_in(study):
    (old,) = make_entry_codes(study=study, count=1)
    person = enter(study=study, code=old.code)
    device = move_to_device(participation_id=person.pk)
    revoke_entry_code(study=study, label="P01")
    new = replace_entry_code(study=study, label="P01")
    assert (new.label, enter(study=study, code=new.code)) == ("P01", person)
    with pytest.raises(WrongCodeError):
        enter(study=study, code=old.code)
    person.refresh_from_db()
    assert person.device != device
    assert take_over(participation=person) not in (device, person.device)
    with pytest.raises(EntryCodeError, match="has no entry code with the label 'P9'"):
        replace_entry_code(study=study, label="P9")


def test_a_participation_has_one_code(study):
    first, _ = make_entry_codes(study=study, count=2)
    person = enter(study=study, code=first.code)
    with pytest.raises(IntegrityError), transaction.atomic():
        EntryCode.objects.filter(label="P02").update(participation=person)


def test_codes_are_written_as_csv():
    file = io.StringIO()
    write_codes([MadeCode("P01", "AAAA"), MadeCode('a "b", c', "BBBB")], file)
    assert file.getvalue() == 'label,code\nP01,AAAA\n"a ""b"", c",BBBB\n'


def test_only_codes_of_the_study_are_told_with_their_labels(study):
    made = make_entry_codes(study=study, count=2)
    assert made_codes(study=study, codes=[each.code for each in made]) == made
    for wrong in ([], ["2222-2222-2222"], [made[0].code, "2222-2222-2222"]):
        with pytest.raises(EntryCodeError):
            made_codes(study=study, codes=wrong)


# --- erasing -----------------------------------------------------------------------------------------------


def test_who_is_erased_is_found_by_no_code(study):
    (made,) = make_entry_codes(study=study, count=1)
    person = enter(study=study, code=made.code)
    erase_person(participation=person, by=None)
    assert not EntryCode.objects.exists()
    with pytest.raises(WrongCodeError):
        enter(study=study, code=made.code)


def test_when_it_is_forgotten_who_took_part_labels_are_forgotten_too(study):
    made = make_entry_codes(study=study, count=2, labels=["Ada", "Grace"])
    enter(study=study, code=made[0].code)
    close_study(study=study)
    forget_identities(study=study)
    assert not EntryCode.objects.exists()


def test_a_study_is_erased_with_its_codes(study):
    made = make_entry_codes(study=study, count=2)
    enter(study=study, code=made[0].code)
    close_study(study=study)
    erase_study(study, lambda rows: None)
    assert not EntryCode.objects.exists()
    assert not Participation.objects.exists()
