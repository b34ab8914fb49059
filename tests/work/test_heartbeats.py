import time
from datetime import timedelta

import pytest
from django.db import DatabaseError

from annotations.models import Opening, Verification
from annotations.services.openings import run_opening
from annotations.services.verifications import request_verification, run_verification
from daamweb.work import heartbeats
from daamweb.work.heartbeats import kept
from generation.models import Generation
from tests.factories import make_open_study
from tests.work.cases import make_opening

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def row(monkeypatch):
    """Running, with a lease of less than a second."""
    monkeypatch.setattr(Verification, "LEASE", timedelta(seconds=0.8))
    row = Verification.objects.create(study=make_open_study())
    assert row.take()
    return row


def test_a_row_is_kept_for_as_long_as_something_is_computed(row):
    other = Verification.objects.get()
    with kept(row):
        for _ in range(8):
            time.sleep(0.25)
            assert not other.take()
    time.sleep(1)
    assert other.take()  # nobody keeps it any more


def test_a_heartbeat_ends_when_the_row_is_another_workers(row):
    with kept(row):
        Verification.objects.update(claim="00000000-0000-0000-0000-000000000001")
        time.sleep(0.5)
        before = Verification.objects.get().lease_expires_at
        time.sleep(0.5)
        assert Verification.objects.get().lease_expires_at == before


def test_a_beat_that_the_database_refuses_is_told_and_the_next_one_comes(monkeypatch, caplog):
    class Row:
        LEASE = timedelta(seconds=0.2)
        beats = 0

        def renew(self) -> bool:
            self.beats += 1
            if self.beats == 1:
                raise DatabaseError("out of reach")
            return True

    row = Row()
    with heartbeats.kept(row):
        time.sleep(0.5)
    assert row.beats > 2
    assert "could not be renewed" in caplog.text


def test_an_error_of_the_block_goes_on_and_the_heartbeat_ends(row):
    with pytest.raises(ZeroDivisionError), kept(row):
        raise ZeroDivisionError
    before = Verification.objects.get().lease_expires_at
    time.sleep(0.5)
    assert Verification.objects.get().lease_expires_at == before


@pytest.mark.parametrize("kind", [Opening, Verification])
def test_a_slice_that_takes_longer_than_a_lease_is_nobody_elses(kind, monkeypatch):
    """As a store of files that answers slowly makes it."""
    monkeypatch.setattr(kind, "LEASE", timedelta(seconds=0.8))
    row = make_opening() if kind is Opening else request_verification(study=make_open_study())
    taken = []

    def slow(stored) -> str:
        time.sleep(0.7)
        taken.append(kind.objects.get().take())
        return {"png": "image", "npz": "heat_maps"}[stored.name.rpartition(".")[2]]

    monkeypatch.setattr("annotations.services.openings.file_sha256", slow)
    monkeypatch.setattr("annotations.services.verifications.file_sha256", slow)
    Generation.objects.update(image_sha256="image", heat_maps_sha256="heat_maps")
    monkeypatch.setattr("annotations.services.openings.task_sha256", lambda record: record["sha256"])
    run = run_opening if kind is Opening else run_verification
    assert run(**{kind.__name__.lower(): row})
    assert taken == [False, False]
