"""A generation run of any size, written in bulk: all prompts say the same, and all images share two files."""

import hashlib
import re
import uuid
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from daamweb.projects.models import Project
from daamweb.projects.services.projects import find_or_create_only_project
from generation.daam import GlobalHeatMap
from generation.models import Checkpoint, Generation, GenerationRun, Prompt, PromptSet, Word

TEXT = "A dog and a cat beside a red car."
# (word, part of speech, relation, its head); all of them can be rated.
WORDS = (
    ("dog", "NOUN", "root", None),
    ("cat", "NOUN", "conj:and", 0),
    ("red", "ADJ", "amod", 3),
    ("car", "NOUN", "nmod:beside", 0),
)


@dataclass(frozen=True)
class Caption:
    """What every prompt of a run says. No two of its words are spelled alike."""

    text: str
    words: tuple[tuple[str, str, str, int | None], ...]


SHORT = Caption(TEXT, WORDS)
# As many words as a caption has on average for which the paper asks.
LONG = Caption(
    "A small brown dog and two grey cats quietly sit beside the red car.",
    (
        ("A", "DET", "det", 3),
        ("small", "ADJ", "amod", 3),
        ("brown", "ADJ", "amod", 3),
        ("dog", "NOUN", "nsubj", 9),
        ("and", "CCONJ", "cc", 7),
        ("two", "NUM", "nummod", 7),
        ("grey", "ADJ", "amod", 7),
        ("cats", "NOUN", "conj:and", 3),
        ("quietly", "ADV", "advmod", 9),
        ("sit", "VERB", "root", None),
        ("beside", "ADP", "case", 13),
        ("the", "DET", "det", 13),
        ("red", "ADJ", "amod", 13),
        ("car", "NOUN", "obl:beside", 9),
    ),
)
SIDE = 512
NOISE = 24  # of 256: with it a picture takes as much room as a photograph
LEVELS = (64, 32, 16)


def make_large_run(
    images: int,
    *,
    name: str = "large",
    project: Project | None = None,
    caption: Caption = SHORT,
    noise: int = 0,
) -> GenerationRun:
    """As many prompts, each with the caption's words and one finished image; by default in the only
    project."""
    project = project or find_or_create_only_project()
    prompt_set = PromptSet.objects.create(
        project=project, name=f"{name} prompts", origin="text", parse_state=PromptSet.ParseState.PARSED
    )
    prompts = Prompt.objects.bulk_create(
        [
            Prompt(prompt_set=prompt_set, position=number, external_id=f"{number}", text=caption.text)
            for number in range(images)
        ]
    )
    _make_words(prompts, caption)
    checkpoint = Checkpoint.objects.create(name=f"{name} checkpoint", source="tiny")
    run = GenerationRun.objects.create(
        project=project,
        name=f"{name} run",
        prompt_set=prompt_set,
        checkpoint=checkpoint,
        **checkpoint.kept(),
        seeds=[0],
    )
    shared = {
        **_store("image", _image(noise)),
        **_store("heat_maps", _heat_maps(caption.text)),
    }
    Generation.objects.bulk_create(
        [
            Generation(
                run=run, prompt=prompt, seed=0, state=Generation.State.DONE, width=SIDE, height=SIDE,
                seconds=1.0, finished_at=timezone.now(), checkpoint_revision="0" * 40, **shared,
            )
            for prompt in prompts
        ]
    )  # fmt: skip
    return run


def _make_words(prompts: list[Prompt], caption: Caption) -> None:
    words = [
        Word(
            prompt=prompt, position=position, start=caption.text.index(text),
            end=caption.text.index(text) + len(text),
            text=text, lemma=text, part_of_speech=part_of_speech, relation=relation,
            enhanced_relation=relation,
        )
        for prompt in prompts
        for position, (text, part_of_speech, relation, _) in enumerate(caption.words)
    ]  # fmt: skip
    made = Word.objects.bulk_create(words)
    for first in range(0, len(made), len(caption.words)):
        for place, (_, _, _, head) in enumerate(caption.words):
            if head is not None:
                made[first + place].head = made[first + head]
    Word.objects.bulk_update(made, ["head"], batch_size=500)


def _store(field: str, content: bytes) -> dict[str, str]:
    stored = default_storage.save(f"generations/{uuid.uuid4().hex}", ContentFile(content))
    return {field: stored, f"{field}_sha256": hashlib.sha256(content).hexdigest()}


def _image(noise: int = 0) -> bytes:
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] // 2
    pixels = np.stack([rows, columns, rows ^ columns], axis=-1)
    pixels = (pixels + np.random.default_rng(0).integers(0, noise + 1, pixels.shape)) % 256
    file = BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def _heat_maps(text: str) -> bytes:
    """One token per word of the text and for the full stop, each hot in a place of its own."""
    offsets = np.array([match.span() for match in re.finditer(r"\w+|[^\w\s]", text)], dtype=np.int32)
    hot = np.random.default_rng(0).random((len(offsets), 2))
    levels = {}
    for side in LEVELS:
        rows, columns = np.mgrid[0:side, 0:side] / (side - 1)
        distance = (rows - hot[:, :1, None]) ** 2 + (columns - hot[:, 1:, None]) ** 2
        levels[side, side] = np.exp(-8 * distance).astype(np.float32)
    file = BytesIO()
    GlobalHeatMap(text, (SIDE, SIDE), levels, offsets).save(file)
    return file.getvalue()
