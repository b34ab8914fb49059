"""Every block of code of docs/engine.md runs, in order, on the tiny checkpoint."""

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "engine.md"
CHECKPOINT = "stabilityai/stable-diffusion-2-base"


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What the page's code leaves behind."""
    from generation.demo.tiny import build_tiny_checkpoint

    text = PAGE.read_text(encoding="utf-8")
    blocks = list(re.finditer(r"```python\n(.*?)```", text, re.DOTALL))
    checkpoint = build_tiny_checkpoint(tmp_path_factory.mktemp("checkpoint"))
    assert sum(block[1].count(CHECKPOINT) for block in blocks) == 2
    names = {"blocks": len(blocks)}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        for block in blocks:
            # empty lines, so that an error tells the line of the page
            source = "\n" * text[: block.start(1)].count("\n") + block[1]
            exec(compile(source.replace(CHECKPOINT, checkpoint.as_posix()), PAGE, "exec"), names)
        names["files"] = sorted(path.name for path in Path().iterdir())
    return names


def test_every_block_runs(names):
    assert names["blocks"] >= 11
    assert names["files"] == ["dog-small.npz", "dog.npz", "dog.png"]


def test_words_are_what_the_page_says(names):
    assert names["first"].text == names["second"].text == names["same_word"].text == "dog"
    assert not np.array_equal(names["first"].soft(), names["second"].soft())
    assert np.array_equal(names["first"].soft(), names["same_word"].soft())
    assert names["both_words"].text == "small dog"
    assert names["small"].shape == (64, 64)
    assert np.array_equal(names["mask"], names["heat"] >= np.float32(0.4) * names["heat"].max())


def test_steps_images_and_edits_are_what_the_page_says(names):
    assert len(names["times"]) == 10
    assert not np.array_equal(names["early"].soft(), names["late"].soft())
    assert names["finest"] == (16, 16)
    assert names["given"].prompt == "a dog on a sofa"
    assert names["sofa"].shape == names["cat"].shape == names["end"].shape == (128, 128)
    assert len(names["edited"]) == 2
    assert names["seed"].nbytes > 0
    assert len(names["revision"]) == 64
    assert type(names["same_pipeline"]) is type(names["pipeline"])
