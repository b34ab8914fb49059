"""The demo's captions: what the drawn world's scenes say, chosen so that every word of it is said.

`python -m generation.demo.captions` writes them to captions.txt.
"""

from collections import Counter
from pathlib import Path

import numpy as np

from generation.demo.scenes import SceneWord, scene

CAPTIONS = Path(__file__).with_name("captions.txt")
SEED = 2023  # another than those that the checkpoint was trained and is scored with
SCENES = 500
# Scenes are mostly of one or two plain objects: without a choice, "very" would be said once in 50 captions.
TIMES_SAID = 2


def demo_captions() -> list[str]:
    """Of the first scenes, those that say a word which fewer than TIMES_SAID captions before them say."""
    rng = np.random.default_rng(SEED)
    captions = []
    said: Counter[str] = Counter()
    for _ in range(SCENES):
        drawn = scene(rng)
        words = {_dictionary_form(word) for word in drawn.words}
        if any(said[word] < TIMES_SAID for word in words):
            captions.append(drawn.caption)
            said.update(words)
    return captions


def _dictionary_form(word: SceneWord) -> str:
    return word.object_name if word.role == "object" else word.text.lower()


if __name__ == "__main__":
    CAPTIONS.write_text("\n".join(demo_captions()) + "\n", encoding="utf-8")
