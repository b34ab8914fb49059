from hashlib import sha256
from io import BytesIO

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from annotations.models import Task
from daamweb.projects.models import Role
from tests.annotations.views.visits import address, join, picture
from tests.factories import heat_map_bytes, image_bytes, make_open_study, make_project, make_run

pytestmark = pytest.mark.django_db


def read(response) -> bytes:
    return response.getvalue()


def pixels(content: bytes) -> np.ndarray:
    with Image.open(BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"), dtype=float)


def replace_file(task: Task, field: str, content: bytes) -> None:
    with getattr(task.generation, field).open("wb") as file:
        file.write(content)


def replace_and_hash(task: Task, field: str, content: bytes) -> None:
    """Also in the row, past the services, so that it looks as if it had always been this file."""
    replace_file(task, field, content)
    setattr(task.generation, f"{field}_sha256", sha256(content).hexdigest())
    task.generation.save()


@pytest.fixture
def study():
    return make_open_study()


@pytest.fixture
def task(client, study) -> Task:
    """The first task, of a study in which the client takes part."""
    join(client, study)
    return study.tasks.first()


def test_the_image_comes_as_it_is_stored(client, task):
    answer = client.get(picture("image", task))
    assert read(answer) == image_bytes(0)
    assert answer["Content-Type"] == "image/png"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"


def test_overlays_differ_from_word_to_word_and_from_the_image(client, study):
    join(client, study)
    answers = [client.get(picture("overlay", task)) for task in study.tasks.all()]
    assert {answer["Content-Type"] for answer in answers} == {"image/webp"}
    assert {answer["Cache-Control"] for answer in answers} == {"private, max-age=31536000, immutable"}
    drawn = [pixels(read(answer)) for answer in answers]
    assert {shown.shape for shown in drawn} == {(64, 64, 3)}
    plain = pixels(image_bytes(0))
    assert np.abs(drawn[0] - drawn[1]).max() > 50
    assert np.abs(drawn[0] - plain).max() > 50


# --- for whom ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["image", "overlay"])
def test_pictures_are_for_those_who_take_part_and_for_researchers(study, researcher_client, name):
    shown = picture(name, study.tasks.first())
    outsider, elsewhere = Client(), Client()
    join(elsewhere, make_open_study())
    assert outsider.get(shown).status_code == 404
    assert elsewhere.get(shown).status_code == 404
    assert researcher_client.get(shown).status_code == 200


@pytest.mark.parametrize("name", ["image", "overlay"])
def test_members_of_the_studys_project_see_its_pictures(member_client, study, name):
    shown = picture(name, study.tasks.first())
    for role in Role:
        assert member_client(role).get(shown).status_code == 200
        assert member_client(role, make_project()).get(shown).status_code == 404
    assert member_client(None).get(shown).status_code == 404


@pytest.mark.parametrize("name", ["image", "overlay"])
def test_a_picture_of_another_study_is_not_found(client, study, name):
    other = make_open_study()
    join(client, study)
    join(client, other)
    task = other.tasks.first()
    assert client.get(picture(name, task)).status_code == 200
    its_hash = picture(name, task).split("/")[-2]
    assert client.get(address(name, study, task.pk, its_hash)).status_code == 404


def test_a_task_without_a_word_has_no_overlay(client):
    study = make_open_study("object_presence")
    join(client, study)
    assert client.get(picture("image", study.tasks.first())).status_code == 200
    assert client.get(picture("overlay", study.tasks.first())).status_code == 404


# --- under the hash of their content ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["image", "overlay"])
@pytest.mark.parametrize("other", ["0" * 64, "1", "A" * 64])
def test_a_picture_is_not_found_under_another_hash(client, study, task, name, other):
    assert client.get(address(name, study, task.pk, other)).status_code == 404


def test_a_picture_is_not_found_under_the_hash_of_another_one(client):
    study = make_open_study(run=make_run(seeds=(0, 1)))
    join(client, study)
    one, other = (study.tasks.filter(generation__seed=seed).first() for seed in (0, 1))
    assert read(client.get(picture("image", one))) == image_bytes(0)
    assert read(client.get(picture("image", other))) == image_bytes(1)
    assert client.get(address("image", study, one.pk, other.generation.image_sha256)).status_code == 404
    # Neither is the image under the hash of its heat maps, nor the other way round.
    assert client.get(address("image", study, one.pk, one.generation.heat_maps_sha256)).status_code == 404
    assert client.get(address("overlay", study, one.pk, one.generation.image_sha256)).status_code == 404


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
def test_a_file_that_was_replaced_after_opening_is_never_shown(client, task, caplog, name, field, content):
    replace_file(task, field, content)
    assert client.get(picture(name, task)).status_code == 404
    assert f"The picture of task {task.pk} cannot be shown" in caplog.text
    assert "is not the file that was frozen" in caplog.text


@pytest.mark.parametrize("name", ["image", "overlay"])
def test_an_address_shows_nothing_else_when_files_and_row_were_changed_together(client, task, name):
    frozen = picture(name, task)
    replace_and_hash(task, "image", image_bytes(1))
    replace_and_hash(task, "heat_maps", heat_map_bytes("A dog on a red sofa, seen at night."))
    assert client.get(frozen).status_code == 404


@pytest.mark.parametrize("content", [b"damaged", heat_map_bytes("A dog on a red sofa.", attended=0)])
def test_heat_maps_that_are_damaged_or_lack_the_word_are_not_found_and_logged(client, task, caplog, content):
    replace_and_hash(task, "heat_maps", content)
    assert client.get(picture("overlay", task)).status_code == 404
    assert f"The picture of task {task.pk} cannot be shown" in caplog.text


@pytest.mark.parametrize(
    ("name", "field"), [("image", "image"), ("overlay", "image"), ("overlay", "heat_maps")]
)
def test_a_file_that_is_gone_is_not_found_and_logged(client, task, caplog, name, field):
    file = getattr(task.generation, field)
    file.storage.delete(file.name)
    assert client.get(picture(name, task)).status_code == 404
    assert f"The picture of task {task.pk} cannot be shown" in caplog.text


def test_a_file_that_may_not_be_read_is_not_found(client, task, monkeypatch):
    def refuse(*_):
        raise PermissionError("not for you")

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage._open", refuse)
    assert client.get(picture("image", task)).status_code == 404
