from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from generation.daam import WordNotAttended
from generation.pictures.overlays import overlay_file
from tests.factories import IMAGE_SIDE, make_run

pytestmark = pytest.mark.django_db


def test_overlay_is_the_image_with_the_words_heat_over_it():
    generation = make_run().generations.get()
    words = {word.text: word for word in generation.prompt.words.all()}
    drawn = {
        text: overlay_file(generation=generation, start=word.start, end=word.end)
        for text, word in words.items()
    }
    image = Image.open(BytesIO(drawn["dog"]))
    assert (image.format, image.size) == ("WEBP", (IMAGE_SIDE, IMAGE_SIDE))
    assert len(set(drawn.values())) == len(words)
    dog = words["dog"]
    heat = generation.load_heat_maps().span(dog.start, dog.end).soft()
    with generation.image.open("rb") as file:
        original = np.asarray(Image.open(file).convert("RGB"), dtype=float)
    change = np.abs(np.asarray(image.convert("RGB"), dtype=float) - original).mean(axis=2)
    hot, cold = heat > np.quantile(heat, 0.9), heat < np.quantile(heat, 0.1)
    assert change[hot].mean() > 3 * change[cold].mean()


def test_overlay_of_a_word_beyond_the_encoder_is_refused():
    generation = make_run(attended=2).generations.get()
    red = generation.prompt.words.get(text="red")
    with pytest.raises(WordNotAttended, match="'red'"):
        overlay_file(generation=generation, start=red.start, end=red.end)
