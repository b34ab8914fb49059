"""The checkpoint that comes with the project, on a small sample of what benchmarks/ measure."""

import numpy as np
import pytest

from benchmarks import demo_maps, demo_objects
from evaluation.management.commands import demo
from generation.daam.checkpoints import load_pipeline
from generation.demo.object_finder import find_objects
from generation.demo.text_encoder import text_encoder
from generation.prompts.cohyponyms import build_pairs, load_ontology

MOST_BYTES = 40e6
SCENES, PAIRS = 24, 8


@pytest.fixture(scope="module")
def pipeline():
    return load_pipeline(str(demo_maps.CHECKPOINT), dtype="float32", device="cpu").pipeline


def test_it_is_small_and_has_a_model_card():
    files = [path for path in demo_maps.CHECKPOINT.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
    assert (demo_maps.CHECKPOINT / "README.md").is_file()


def test_its_text_encoder_is_the_one_set_by_hand(pipeline):
    """So that what holds of it in test_text_encoder.py holds of the checkpoint, as exactly as float16 is."""
    expected = text_encoder(pipeline.tokenizer).state_dict()
    for name, weights in pipeline.text_encoder.state_dict().items():
        np.testing.assert_allclose(weights, expected[name], rtol=1e-3, atol=1e-4)


def test_heat_maps_light_up_on_the_object_that_the_word_names(pipeline):
    scores = demo_maps.score_maps(pipeline, demo_maps.held_out_scenes(SCENES), steps=5)
    own, other = scores.own[:, scores.best], scores.other[:, scores.best]
    assert own.mean() >= 0.6
    assert own.mean() >= 7 * scores.whole.mean()
    assert own[~np.isnan(other)].mean() >= 20 * np.nanmean(other)


def test_objects_are_drawn_so_that_most_can_be_told(pipeline):
    pairs = build_pairs(load_ontology(), count=PAIRS, cohyponym_share=0, rng=np.random.default_rng(3))
    images, _ = demo_objects.generate(
        pipeline, [pair.text for pair in pairs], steps=demo.STEPS, guidance_scale=demo.GUIDANCE_SCALE
    )
    found = [
        len({pair.first, pair.second} & {one.name for one in find_objects(image)})
        for pair, image in zip(pairs, images, strict=True)
    ]
    assert sum(found) >= 0.6 * 2 * PAIRS
