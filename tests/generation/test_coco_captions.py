"""The real input, 795 captions of COCO, from file to tasks. They are not part of the project: the variable
TEST_COCO_CAPTIONS names the file."""

import json
import os
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command

from annotations.design import StudyDesign
from annotations.services.studies import build_study
from generation.execution import execute_batch
from generation.models import Checkpoint, Generation, PromptSet, Word
from generation.services.runs import create_run

TOP = Path(__file__).resolve().parent.parent.parent
SAMPLE = TOP.parent / "shared" / "data" / "coco_captions_sample.json"
CAPTIONS = Path(os.environ.get("TEST_COCO_CAPTIONS", SAMPLE))

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.fixture
def checkpoint(tiny_checkpoint) -> Checkpoint:
    return Checkpoint.objects.create(name="tiny", source=str(tiny_checkpoint))


def import_and_parse(file: Path) -> PromptSet:
    call_command("import_prompts", str(file), "--prompt-set", "coco")
    call_command("parse_prompts", "coco")
    return PromptSet.objects.get(name="coco")


def generate(prompt_set: PromptSet, checkpoint: Checkpoint, **settings):
    run = create_run(name="run", prompt_set=prompt_set, checkpoint=checkpoint, **settings)
    while execute_batch(run):
        pass
    assert set(run.generations.values_list("state", flat=True)) == {Generation.State.DONE}
    return run


def test_all_captions_import_parse_and_give_tasks(checkpoint):
    prompt_set = import_and_parse(CAPTIONS)
    assert prompt_set.prompts.count() == 795
    assert not prompt_set.prompts.filter(words=None).exists()
    assert not Word.objects.exclude(part_of_speech="PUNCT").filter(relation="").exists()
    for word in Word.objects.select_related("prompt"):
        assert word.prompt.text[word.start : word.end] == word.text
    run = generate(prompt_set, checkpoint, num_inference_steps=1, batch_size=16)
    study = build_study(design=StudyDesign(kind="attribution", name="study", run=run))
    assert study.tasks.values("generation").distinct().count() == 795
    # The tiny tokenizer knows few words, so some long captions end beyond its 77 tokens: all that is listed.
    words = Word.objects.exclude(part_of_speech="PUNCT").count()
    assert study.tasks.count() + len(study.left_out) == words
    assert len(study.left_out) < words / 100


def test_twenty_captions_generate_with_overlays_that_differ_from_word_to_word(checkpoint, tmp_path):
    captions = json.loads(CAPTIONS.read_text(encoding="utf-8"))
    twenty = tmp_path / "twenty.json"
    twenty.write_text(json.dumps({"annotations": captions["annotations"][:20]}), encoding="utf-8")
    run = generate(import_and_parse(twenty), checkpoint, batch_size=4)
    assert run.generations.count() == 20
    for generation in run.generations.select_related("prompt"):
        heat_maps = generation.load_heat_maps()
        soft = [
            heat_maps.span(word.start, word.end).soft()
            for word in generation.prompt.words.exclude(part_of_speech="PUNCT")
        ]
        assert len(soft) >= 3
        for one, other in combinations(soft, 2):
            assert not np.array_equal(one, other)
