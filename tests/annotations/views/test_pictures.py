from io import BytesIO

import numpy as np
import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from PIL import Image

from tests.annotations.views.visits import address, join
from tests.factories import heat_map_bytes, image_bytes, make_open_study

pytestmark = pytest.mark.django_db


def read(response) -> bytes:
    return response.getvalue()


def pixels(content: bytes) -> np.ndarray:
    with Image.open(BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"), dtype=float)


@pytest.fixture
def study():
    return make_open_study()


def test_the_image_comes_as_it_is_stored(client, study):
    join(client, study)
    answer = client.get(address("image", study, study.tasks.first().pk))
    assert read(answer) == image_bytes(0)
    assert answer["Content-Type"] == "image/png"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"


def test_overlays_differ_from_word_to_word_and_from_the_image(client, study):
    join(client, study)
    answers = [client.get(address("overlay", study, task.pk)) for task in study.tasks.all()]
    assert {answer["Content-Type"] for answer in answers} == {"image/webp"}
    assert {answer["Cache-Control"] for answer in answers} == {"private, max-age=31536000, immutable"}
    drawn = [pixels(read(answer)) for answer in answers]
    assert {picture.shape for picture in drawn} == {(64, 64, 3)}
    plain = pixels(image_bytes(0))
    assert np.abs(drawn[0] - drawn[1]).max() > 50
    assert np.abs(drawn[0] - plain).max() > 50


@pytest.mark.parametrize("name", ["image", "overlay"])
def test_pictures_are_for_those_who_take_part_and_for_researchers(study, researcher_client, name):
    picture = address(name, study, study.tasks.first().pk)
    outsider, elsewhere = Client(), Client()
    join(elsewhere, make_open_study())
    assert outsider.get(picture).status_code == 404
    assert elsewhere.get(picture).status_code == 404
    assert researcher_client.get(picture).status_code == 200


@pytest.mark.parametrize("name", ["image", "overlay"])
def test_staff_see_pictures_if_they_may_look_at_studies(client, study, django_user_model, name):
    user = django_user_model.objects.create_user(username="staff", is_staff=True)
    client.force_login(user)
    picture = address(name, study, study.tasks.first().pk)
    assert client.get(picture).status_code == 404
    user.user_permissions.add(Permission.objects.get(codename="view_study"))
    assert client.get(picture).status_code == 200


@pytest.mark.parametrize("name", ["image", "overlay"])
def test_a_picture_of_another_study_is_not_found(client, study, name):
    other = make_open_study()
    join(client, study)
    join(client, other)
    assert client.get(address(name, study, other.tasks.first().pk)).status_code == 404


def test_a_task_without_a_word_has_no_overlay(client):
    study = make_open_study("object_presence")
    join(client, study)
    assert client.get(address("image", study, study.tasks.first().pk)).status_code == 200
    assert client.get(address("overlay", study, study.tasks.first().pk)).status_code == 404


@pytest.mark.parametrize(
    ("name", "field"), [("image", "image"), ("overlay", "image"), ("overlay", "heat_maps")]
)
def test_a_file_that_is_gone_is_not_found_and_logged(client, study, caplog, name, field):
    join(client, study)
    task = study.tasks.first()
    file = getattr(task.generation, field)
    file.storage.delete(file.name)
    assert client.get(address(name, study, task.pk)).status_code == 404
    assert f"The picture of task {task.pk} cannot be shown" in caplog.text


@pytest.mark.parametrize("field", ["image", "heat_maps"])
def test_an_overlay_of_a_damaged_file_is_not_found_and_logged(client, study, caplog, field):
    join(client, study)
    task = study.tasks.first()
    with getattr(task.generation, field).open("wb") as file:
        file.write(b"damaged")
    assert client.get(address("overlay", study, task.pk)).status_code == 404
    assert f"The picture of task {task.pk} cannot be shown" in caplog.text


def test_an_overlay_of_a_word_that_the_heat_maps_do_not_have_is_not_found(client, study):
    join(client, study)
    task = study.tasks.first()
    with task.generation.heat_maps.open("wb") as file:
        file.write(heat_map_bytes("A dog on a red sofa.", attended=0))
    assert client.get(address("overlay", study, task.pk)).status_code == 404


def test_a_file_that_may_not_be_read_is_not_found(client, study, monkeypatch):
    def refuse(*_):
        raise PermissionError("not for you")

    join(client, study)
    monkeypatch.setattr("django.core.files.storage.FileSystemStorage._open", refuse)
    assert client.get(address("image", study, study.tasks.first().pk)).status_code == 404
