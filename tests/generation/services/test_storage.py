"""Files are stored as a whole, or nothing is left of them."""

import errno
import os

import pytest
from django.core.files.storage import default_storage

from generation.models import Generation
from generation.services.generations import claim_generations, finish_generation
from generation.services.storage import save_all
from tests.factories import make_run
from tests.generation.asked_imports import files
from tests.generation.services.test_generations import result

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_files_are_stored_under_the_names_that_are_returned(media_folder):
    [taken] = save_all({"a": b"1"})
    other, new = save_all({"a": b"2", "b": b"3"})
    assert taken != other
    assert [default_storage.open(name).read() for name in (taken, other, new)] == [b"1", b"2", b"3"]


@pytest.mark.parametrize("room_for", [0, 1, 2])
def test_of_files_for_which_there_is_no_room_nothing_is_left(full_disk, media_folder, room_for):
    full_disk(FULL, room_for)
    with pytest.raises(OSError, match="No space left"):
        save_all(dict.fromkeys("abc", b"content"))
    assert files(media_folder) == []


@pytest.mark.django_db
@pytest.mark.parametrize("room_for", [0, 1])
def test_of_an_image_for_which_there_is_no_room_nothing_is_left(full_disk, media_folder, room_for):
    [generation] = claim_generations(run=make_run(finished=False), limit=1)
    full_disk(FULL, room_for)
    with pytest.raises(OSError, match="No space left"):
        finish_generation(generation=generation, result=result())
    assert files(media_folder) == []
    assert Generation.objects.get().state == Generation.State.RUNNING
