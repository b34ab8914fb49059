"""A study's pages show heat maps as its plan says."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from annotations.models import Task
from annotations.selectors import ShownTask
from annotations.views.pictures import pictures_of
from generation.daam.displays import DISPLAYS
from generation.pictures.addresses import picture_at
from tests.annotations.views.visits import address, held, join
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db

LEGENDS = {
    "veil": "The bluer, the stronger.",
    "spotlight": "The brighter, the stronger.",
    "rainbow": "Blue is weak, red is strong.",
}


@pytest.mark.parametrize("display", DISPLAYS)
def test_the_page_shows_the_frozen_display_and_how_to_read_it(client, display):
    study = make_open_study(options={"display": display})
    assert study.plan.settings["options"]["display"] == display
    participation = join(client, study)
    turn = held(participation)
    page = client.get(address("assignment", study, turn.pk))
    shown = page.context["pictures"].overlay
    assert shown in page.text
    assert picture_at(shown.rpartition("/")[2]).display == display
    assert client.get(shown).status_code == 200
    assert [legend in page.text for legend in LEGENDS.values()] == [name == display for name in LEGENDS]


def test_the_displays_of_one_task_differ_and_are_drawn_as_they_are_called(client):
    task = make_open_study().tasks.first()
    with task.generation.image.open("rb") as file:
        picture = np.asarray(Image.open(file).convert("RGB"), dtype=float)
    drawn = {}
    for display in DISPLAYS:
        task.payload["display"] = display
        content = client.get(pictures_of(ShownTask.of(task)).overlay).content
        drawn[display] = np.asarray(Image.open(BytesIO(content)).convert("RGB"), dtype=float)
    change = {name: pixels - picture for name, pixels in drawn.items()}
    assert drawn["spotlight"].mean() < 0.9 * picture.mean()  # it only darkens
    assert change["veil"][..., 0].mean() < change["veil"][..., 2].mean()  # bluer
    assert not np.array_equal(drawn["rainbow"], drawn["veil"])


def test_a_task_of_before_there_were_displays_is_shown_as_it_was():
    task: Task = make_open_study().tasks.first()
    del task.payload["display"]
    overlay = picture_at(pictures_of(ShownTask.of(task)).overlay.rpartition("/")[2])
    assert overlay.display == "rainbow"
