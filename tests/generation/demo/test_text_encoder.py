import pytest
import torch

from generation.demo import architecture
from generation.demo.text_encoder import FEATURES, text_encoder


@pytest.fixture(scope="module")
def states():
    """A function: the states (77, FEATURES) of a text's tokens, padded as a pipeline pads them."""
    tokens = architecture.tokenizer()
    encoder = text_encoder(tokens)

    def states(text):
        with torch.no_grad():
            return encoder(torch.tensor([tokens(text, padding="max_length")["input_ids"]])).last_hidden_state[
                0
            ]

    return states


def likeness(first, second):
    return torch.nn.functional.cosine_similarity(first, second, dim=-1)


def test_a_word_is_nearest_to_itself_in_another_caption(states):
    first, other = states("a red cat and a bus on sand"), states("a bus and a big cat on sand")
    # tokens: start a red cat and a bus on sand end / start a bus and a big cat on sand end
    near = likeness(first[:, None], other[None, :9])
    assert near[3].argmax() == 6  # cat
    assert near[6].argmax() == 2  # bus
    assert near[8].argmax() == 8  # sand


def test_a_word_tells_the_two_words_before_it_and_no_others(states):
    plain = states("a cat and a bus")
    for other, same in (
        ("a dog and a bus", True),
        ("a cat with a bus", False),
        ("a cat and the bus", False),
    ):
        assert (likeness(plain[5], states(other)[5]) > 0.9999) == same  # bus


def test_a_colour_is_told_by_its_own_noun(states):
    first, second = states("a red apple and a car"), states("an apple and a red car")
    plain = states("a blue apple and a car")
    assert likeness(first[3], plain[3]) < 0.9  # red apple, blue apple
    assert torch.allclose(first[6], plain[6], atol=1e-3)  # the same car
    assert likeness(second[6], states("an apple and a blue car")[6]) < 0.9


def test_padding_tells_nothing_of_the_caption(states):
    first, other = states("a red cat and a bus on sand"), states("two big dogs and a cup on snow")
    # From the third token after the caption's on, padding has only padding behind it.
    assert torch.allclose(first[12:], other[12:], atol=0.01)


def test_the_same_call_gives_the_same_weights_and_leaves_the_generator_alone():
    tokens = architecture.tokenizer()
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    first, again = text_encoder(tokens), text_encoder(tokens)
    assert torch.rand(1) == expected
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
        assert not one.requires_grad
    assert first.config.hidden_size == FEATURES
