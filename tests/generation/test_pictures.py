"""Pictures by signed addresses: no row is read, and nothing else is ever shown."""

from hashlib import sha256
from io import BytesIO

import numpy as np
import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from annotations.models import Task
from generation.models import Generation
from tests.annotations.views.visits import picture
from tests.factories import heat_map_bytes, image_bytes, make_open_study

pytestmark = pytest.mark.django_db

FOREVER = "public, max-age=31536000, immutable"


class Store(Storage):
    """As S3, it has no folder, and says where others find a file."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def _open(self, name: str, mode: str) -> File:
        return ContentFile(self.files[name], name=name)

    def _save(self, name: str, content: File) -> str:
        self.files[name] = content.read()
        return name

    def exists(self, name: str) -> bool:
        return name in self.files

    def url(self, name: str) -> str:
        return f"https://store.example.org/{name}?signature=1"


@pytest.fixture
def study():
    return make_open_study()


@pytest.fixture
def task(study) -> Task:
    return study.tasks.first()


def pixels(content: bytes) -> np.ndarray:
    with Image.open(BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"), dtype=float)


def replace_file(generation: Generation, field: str, content: bytes) -> None:
    with getattr(generation, field).open("wb") as file:
        file.write(content)


def test_the_image_comes_as_it_is_stored(client, task):
    answer = client.get(picture("image", task))
    assert answer.content == image_bytes(0)
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/png", FOREVER)


def test_overlays_differ_from_word_to_word_and_from_the_image(client, study):
    answers = [client.get(picture("overlay", task)) for task in study.tasks.all()]
    assert {(answer["Content-Type"], answer["Cache-Control"]) for answer in answers} == {
        ("image/webp", FOREVER)
    }
    drawn = [pixels(answer.content) for answer in answers]
    assert {shown.shape for shown in drawn} == {(64, 64, 3)}
    assert np.abs(drawn[0] - drawn[1]).max() > 50
    assert np.abs(drawn[0] - pixels(image_bytes(0))).max() > 50


@pytest.mark.parametrize("name", ["image", "overlay"])
def test_no_row_is_read(client, task, name):
    shown = picture(name, task)
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(shown).status_code == 200
        assert list(queries) == []


@pytest.mark.parametrize("name", ["image", "overlay"])
def test_whoever_was_given_the_address_sees_it_and_nobody_can_make_one_up(task, name):
    shown = picture(name, task)
    assert Client().get(shown).status_code == 200
    for other in (shown[:-1], f"{shown}A", shown.replace("/pictures/W", "/pictures/X")):
        assert Client().get(other).status_code == 404


@pytest.mark.parametrize(
    ("name", "field", "content"),
    [
        ("image", "image", image_bytes(1)),
        ("overlay", "image", image_bytes(1)),
        ("overlay", "heat_maps", heat_map_bytes("A dog on a red sofa, seen at night.")),
        ("image", "image", b"damaged"),
        ("overlay", "image", b"damaged"),
        ("overlay", "heat_maps", b"damaged"),
    ],
)
def test_a_file_that_was_replaced_is_never_shown(client, task, caplog, name, field, content):
    replace_file(task.generation, field, content)
    assert client.get(picture(name, task)).status_code == 404
    assert f"The picture of {task.generation.image.name} cannot be shown" in caplog.text
    assert "is not the file that was stored" in caplog.text


@pytest.mark.parametrize(
    ("name", "field"), [("image", "image"), ("overlay", "image"), ("overlay", "heat_maps")]
)
def test_a_file_that_is_gone_is_not_found_and_logged(client, task, caplog, name, field):
    file = getattr(task.generation, field)
    file.storage.delete(file.name)
    assert client.get(picture(name, task)).status_code == 404
    assert f"The picture of {task.generation.image.name} cannot be shown" in caplog.text


def test_heat_maps_without_the_word_are_not_found_and_logged(client, task, caplog):
    replace_file(task.generation, "heat_maps", without := heat_map_bytes(task.payload["prompt"], attended=0))
    task.generation.heat_maps_sha256 = sha256(without).hexdigest()
    assert client.get(picture("overlay", task)).status_code == 404
    assert "cannot be shown" in caplog.text


@pytest.mark.parametrize("name", ["image", "overlay"])
def test_a_store_with_addresses_of_its_own_is_where_pictures_are(client, monkeypatch, name):
    store = Store()
    monkeypatch.setattr("django.core.files.storage.default_storage._wrapped", store)
    for field in ("image", "heat_maps"):
        monkeypatch.setattr(Generation._meta.get_field(field), "storage", store)
    task = make_open_study().tasks.first()
    answer = client.get(picture(name, task))
    assert answer.status_code == 302
    at = answer.url.removeprefix("https://store.example.org/").removesuffix("?signature=1")
    assert store.exists(at)
    assert (at == task.generation.image.name) == (name == "image")
    assert answer["Cache-Control"] == "private, max-age=1800"
