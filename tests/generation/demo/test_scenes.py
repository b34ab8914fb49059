import re

import numpy as np
import pytest
from scipy.ndimage import label

from generation.demo.scenes import COLOURS, GROUNDS, SIZE, scene
from generation.demo.sprites import OBJECTS, sprite, tinted_sprite
from generation.demo.tokenizer import WORDS
from generation.prompts.cohyponyms import load_ontology


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.default_rng(0)
    return [scene(rng) for _ in range(300)]


def test_the_same_seed_draws_the_same_scene():
    first, again = (scene(np.random.default_rng(7)) for _ in range(2))
    other = scene(np.random.default_rng(8))
    assert np.array_equal(first.image, again.image)
    assert [word.text for word in first.words] == [word.text for word in again.words]
    assert not np.array_equal(first.image, other.image)


def test_images_are_square_and_of_bytes(scenes):
    assert {drawn.image.shape for drawn in scenes} == {(SIZE, SIZE, 3)}
    assert {drawn.image.dtype for drawn in scenes} == {np.dtype(np.uint8)}


def test_words_stand_where_their_spans_say_and_make_up_the_caption(scenes):
    for drawn in scenes:
        assert all(drawn.caption[word.start : word.end] == word.text for word in drawn.words)
        assert "".join(word.text for word in drawn.words).replace(" ", "") == drawn.caption.replace(" ", "")


def test_every_object_of_the_ontology_is_drawn_and_said(scenes):
    said = {word.object_name for drawn in scenes for word in drawn.words if word.role == "object"}
    assert said == set(load_ontology().leaves) == set(OBJECTS)


def test_object_masks_cover_the_object_and_nothing_else(scenes):
    """Where no object's mask is, the image is ground: no pixel there is as bright or dark as sprites are."""
    for drawn in scenes[:50]:
        masks = [word.mask for word in drawn.words if word.role == "object"]
        assert all(mask.shape == (SIZE, SIZE) and mask.dtype == bool and mask.any() for mask in masks)
        assert np.sum(masks, axis=0).max() == 1  # a pixel belongs to one object
        names = [word.text for word in drawn.words if word.role == "ground"]
        if names:
            nothing = ~np.any(masks, axis=0)
            colour = drawn.image[nothing].mean(axis=0)
            assert np.abs(colour - GROUNDS[names[0]]).max() < 35


def test_attributes_have_the_mask_of_their_own_object(scenes):
    pairs = 0
    for drawn in scenes:
        objects = {word.object_name: word.mask for word in drawn.words if word.role == "object"}
        for word in drawn.words:
            if word.role == "attribute":
                assert np.array_equal(word.mask, objects[word.object_name])
                pairs += len(objects) > 1
    assert pairs > 20


def test_a_colour_is_that_of_the_object(scenes):
    """Red objects are redder than green ones, by the pixels of their masks."""
    shown = {"red": [], "green": []}
    for drawn in scenes:
        for word in drawn.words:
            if word.text.lower() in shown:
                shown[word.text.lower()].append(drawn.image[word.mask].mean(axis=0))
    red, green = (np.mean(colours, axis=0) for colours in shown.values())
    assert red[0] > green[0] + 30
    assert green[1] > red[1] + 30


def test_grounds_are_where_no_object_is(scenes):
    for drawn in scenes:
        objects = np.any([word.mask for word in drawn.words if word.role == "object"], axis=0)
        for word in drawn.words:
            if word.role == "ground":
                assert np.array_equal(word.mask, ~objects)


def test_numbers_say_how_many_there_are(scenes):
    """Objects of a kind stand apart: as many pieces as the number says, or more where one is of pieces."""
    several = [
        (word, ["two", "three", "four"].index(word.text.lower()) + 2)
        for drawn in scenes
        for word in drawn.words
        if word.text.lower() in ("two", "three", "four")
    ]
    assert len(several) > 20
    for word, number in several:
        assert label(word.mask)[1] >= number


def test_left_and_above_are_where_the_caption_says():
    rng = np.random.default_rng(3)
    seen = 0
    for _ in range(400):
        drawn = scene(rng)
        first, *others = [word for word in drawn.words if word.role == "object"]
        if not others:
            continue
        (rows, columns), (other_rows, other_columns) = np.nonzero(first.mask), np.nonzero(others[0].mask)
        for phrase, is_so in (
            ("to the left of", columns.mean() < other_columns.mean()),
            ("to the right of", columns.mean() > other_columns.mean()),
            (" above ", rows.mean() < other_rows.mean()),
            (" below ", rows.mean() > other_rows.mean()),
        ):
            if phrase in drawn.caption:
                assert is_so, drawn.caption
                seen += 1
    assert seen > 30


def test_what_is_named_first_stands_at_the_left_unless_a_place_is_said():
    rng = np.random.default_rng(4)
    seen = {2: 0, 3: 0}
    for _ in range(300):
        drawn = scene(rng)
        objects = [word for word in drawn.words if word.role == "object"]
        if len(objects) < 2 or re.search(r"\bright of\b|\babove\b|\bbelow\b", drawn.caption):
            continue
        middles = [np.nonzero(word.mask)[1].mean() for word in objects]
        assert middles == sorted(middles), drawn.caption
        seen[len(objects)] += 1
    assert seen[2] > 80
    assert seen[3] > 10


def test_the_tokenizer_knows_every_word_of_the_captions(scenes):
    words = {piece.lower() for drawn in scenes for word in drawn.words for piece in word.text.split()}
    assert words - {".", ","} <= set(WORDS)


def test_sprites_are_cropped_and_fill_their_tile():
    for name in OBJECTS:
        pixels = np.asarray(sprite(name))
        assert max(pixels.shape[:2]) >= 94
        assert pixels[..., 3].max() == 255
        assert pixels[0, :, 3].any()
        assert pixels[:, 0, 3].any()


def test_tints_keep_the_outline_and_change_the_colour():
    plain, red = (
        np.asarray(sprite("cat"), dtype=int),
        np.asarray(tinted_sprite("cat", COLOURS["red"]), dtype=int),
    )
    assert np.array_equal(plain[..., 3], red[..., 3])
    solid = red[red[..., 3] > 0]
    assert (solid[:, 0] >= solid[:, 1]).all()


def test_unknown_object_is_an_error():
    with pytest.raises(ValueError, match="unicorn"):
        sprite("unicorn")
