"""Which row of a batch is whose."""

import pytest
import torch

from generation.daam.recorder import TraceError
from generation.daam.rows import find_rows


def texts(*values):
    """Text states (rows, tokens, features) that are equal where the values are."""
    return torch.stack([torch.full((3, 2), float(value)) for value in values])


@pytest.mark.parametrize(
    ("text_states", "prompts", "negatives", "rows"),
    [
        (texts(1), texts(1), None, [0]),
        (texts(0, 1), texts(1), texts(0), [1]),
        (texts(0, 0, 1, 2), texts(1, 2), texts(0, 0), [2, 3]),
        # the prompts' order, not that of the batch
        (texts(0, 0, 2, 1), texts(1, 2), texts(0, 0), [3, 2]),
        # two images of one prompt
        (texts(0, 0, 1, 1), texts(1, 1), texts(0, 0), [2, 3]),
        # the negative prompt equals the prompt, or another image's
        (texts(1, 1), texts(1), texts(1), [1]),
        (texts(2, 1, 1, 2), texts(1, 2), texts(2, 1), [2, 3]),
        # embeddings of a negative prompt that is not used, for lack of guidance
        (texts(1), texts(1), texts(1), [0]),
        (texts(1), texts(1), texts(0), [0]),
        # perturbed-attention guidance: negative, prompt, perturbed
        (texts(0, 1, 1), texts(1), texts(0), [1]),
        # prompt first, as in editing by instruction
        (texts(1, 0, 0), texts(1), texts(0), [0]),
        # guidance in two calls: this one has nothing to record
        (texts(0), texts(1), texts(0), None),
    ],
)
def test_rows_belong_to_the_image_whose_text_they_hold(text_states, prompts, negatives, rows):
    assert find_rows(text_states, prompts, negatives).prompt == rows


def test_a_text_that_nobody_encoded_is_an_error():
    with pytest.raises(TraceError, match="image 1"):
        find_rows(texts(0, 0, 1, 5), texts(1, 2), texts(0, 0))


def test_embeddings_that_are_not_finite_are_an_error_that_says_so():
    spoiled = texts(1, float("nan"))
    with pytest.raises(TraceError, match="embeddings of image 1's prompt hold NaN"):
        find_rows(torch.cat([texts(0, 0), spoiled]), spoiled, texts(0, 0))


@pytest.mark.parametrize(
    ("text_states", "prompts", "negatives", "rows"),
    [
        (texts(0, 1), texts(1), texts(0), [0]),
        (texts(0, 3, 1, 2), texts(1, 2), texts(0, 3), [0, 1]),
        (texts(1, 1), texts(1), texts(1), [0]),
        # prompt first, as in editing by instruction
        (texts(1, 0), texts(1), texts(0), [1]),
        # guidance in two calls: the other's, and its own
        (texts(1), texts(1), texts(0), None),
        (texts(0), texts(1), texts(0), [0]),
        (texts(1), texts(1), None, None),
    ],
)
def test_rows_of_the_negative_prompt(text_states, prompts, negatives, rows):
    assert find_rows(text_states, prompts, negatives).negative == rows


def test_a_call_with_the_very_negative_embeddings_is_theirs_even_if_they_equal_the_prompts():
    prompts, negatives = texts(1), texts(1)
    assert find_rows(negatives, prompts, negatives).prompt is None
    assert find_rows(prompts, prompts, negatives).prompt == [0]
