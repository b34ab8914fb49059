"""Overlays are drawn once, and stored by what they show."""

import hashlib
import json
from dataclasses import astuple, replace

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from generation.daam import WordNotAttended
from generation.daam.displays import DISPLAYS
from generation.errors import PictureError
from generation.models import Generation
from generation.pictures import files
from generation.pictures.addresses import Picture
from generation.pictures.files import drawings_of, read_picture, stored_picture
from generation.services.erasing import delete_with_files, erase_run
from tests.factories import image_bytes, make_run

pytestmark = pytest.mark.django_db


def overlay_of(generation: Generation, text: str = "dog") -> Picture:
    word = generation.prompt.words.get(text=text)
    return Picture(
        generation.image.name,
        generation.image_sha256,
        generation.heat_maps.name,
        generation.heat_maps_sha256,
        word.start,
        word.end,
    )


@pytest.fixture
def generation() -> Generation:
    return make_run().generations.get()


@pytest.fixture
def drawn(monkeypatch) -> list[Picture]:
    """What was drawn."""
    pictures: list[Picture] = []
    draw = files._draw

    def note(picture: Picture) -> bytes:
        pictures.append(picture)
        return draw(picture)

    monkeypatch.setattr(files, "_draw", note)
    return pictures


def test_an_overlay_is_drawn_once(generation, drawn):
    dog, red = overlay_of(generation), overlay_of(generation, "red")
    first = read_picture(dog)
    assert read_picture(dog) == first
    assert read_picture(red) != first
    assert drawn == [dog, red]


def test_what_is_drawn_otherwise_is_another_file(generation, drawn, monkeypatch):
    dog = overlay_of(generation)
    name = stored_picture(dog)
    monkeypatch.setattr(files, "DRAWING", "another way")
    assert stored_picture(dog) != name
    assert len(drawn) == 2


def test_each_display_is_a_file_of_its_own_and_the_rainbow_has_the_name_of_before(generation, drawn):
    dog = overlay_of(generation)
    pictures = [replace(dog, display=display) for display in DISPLAYS]
    assert len({read_picture(each) for each in pictures}) == len(DISPLAYS)
    assert len({stored_picture(each) for each in pictures}) == len(DISPLAYS)
    assert drawn == pictures
    of_before = json.dumps(["1", *astuple(dog)[:6]])
    assert hashlib.sha256(of_before.encode()).hexdigest()[:40] in stored_picture(dog)


def test_of_two_who_draw_at_once_one_is_kept(generation, monkeypatch):
    dog = overlay_of(generation)
    draw = files._draw

    def overtaken(picture: Picture) -> bytes:
        monkeypatch.setattr(files, "_draw", draw)
        stored_picture(picture)
        return draw(picture)

    monkeypatch.setattr(files, "_draw", overtaken)
    assert drawings_of(dog.heat_maps) == []
    name = stored_picture(dog)
    assert drawings_of(dog.heat_maps) == [name, name.rpartition("/")[0]]


def test_an_image_is_its_own_file(generation):
    image = Picture(generation.image.name, generation.image_sha256)
    assert stored_picture(image) == generation.image.name
    assert read_picture(image) == image_bytes(0)


@pytest.mark.parametrize("field", ["image", "heat_maps"])
def test_nothing_is_drawn_of_another_file(generation, field):
    dog = overlay_of(generation)
    with getattr(generation, field).open("wb") as file:
        file.write(b"another")
    with pytest.raises(PictureError, match="is not the file that was stored when the image was made"):
        read_picture(dog)
    assert drawings_of(dog.heat_maps) == []


def test_an_overlay_that_was_drawn_shows_what_was_stored_then(generation):
    dog = overlay_of(generation)
    shown = read_picture(dog)
    with generation.image.open("wb") as file:
        file.write(b"another")
    assert read_picture(dog) == shown


def test_what_cannot_be_drawn_says_why(generation):
    dog = overlay_of(generation)
    damaged = default_storage.save("damaged.npz", ContentFile(b"damaged"))
    with pytest.raises(PictureError):
        read_picture(replace(dog, heat_maps=damaged, heat_maps_sha256="0" * 64))
    with pytest.raises(FileNotFoundError):
        read_picture(replace(dog, heat_maps="gone.npz"))
    with pytest.raises(WordNotAttended):
        read_picture(overlay_of(make_run(attended=2).generations.get(), "red"))


def files_in(folder: str) -> list[str]:
    folders, found = default_storage.listdir(folder)
    return sorted(found + [f"{each}/{name}" for each in folders for name in files_in(f"{folder}/{each}")])


def test_drawings_go_with_the_image(generation, django_capture_on_commit_callbacks):
    stored_picture(overlay_of(generation))
    stored_picture(overlay_of(generation, "red"))
    with django_capture_on_commit_callbacks(execute=True):
        delete_with_files(generation=generation, by=None)
    assert files_in("generations") == []


def test_drawings_go_with_the_run(generation):
    stored_picture(overlay_of(generation))
    erase_run(generation.run, lambda count: None)
    assert files_in("generations") == []


def test_where_it_cannot_be_stored_it_is_shown_all_the_same(generation, monkeypatch, caplog):
    dog = overlay_of(generation)
    with monkeypatch.context() as full:
        full.setattr("os.replace", raise_full_disk)
        shown = read_picture(dog)
    assert "could not be stored" in caplog.text
    assert read_picture(dog) == shown
    assert stored_picture(dog) in drawings_of(dog.heat_maps)


def raise_full_disk(*_):
    raise OSError(28, "No space left on device")


def test_a_file_that_is_being_written_is_not_shown(generation, monkeypatch):
    """It has its name once it is there as a whole."""
    dog = overlay_of(generation)
    seen = []

    def look(part: str, path: object) -> None:
        seen.append((default_storage.exists(files._overlay_name(dog)), default_storage.exists(part)))
        replace_file(part, path)

    replace_file = files.os.replace
    monkeypatch.setattr("os.replace", look)
    stored_picture(dog)
    assert seen == [(False, True)]


def test_what_is_drawn_of_an_image_that_is_being_deleted_goes_too(generation, monkeypatch):
    dog = overlay_of(generation)
    draw = files._draw

    def deleted_meanwhile(picture: Picture) -> bytes:
        content = draw(picture)
        default_storage.delete(picture.image)
        return content

    monkeypatch.setattr(files, "_draw", deleted_meanwhile)
    read_picture(dog)
    assert drawings_of(dog.heat_maps) == []
