"""The tiny pipeline, a real Stable Diffusion pipeline with random weights, built once per run."""

import pytest
from django.conf import settings
from django.core.files.base import ContentFile

from generation.models import Checkpoint, GenerationRun
from generation.services.runs import create_run
from tests.factories import make_prompt_set
from tests.generation.tiny_runs import TEXTS


@pytest.fixture(scope="session")
def tiny_checkpoint():
    """The folder of a checkpoint, below a root. Read it only; copy it to change it."""
    from generation.demo.tiny import build_tiny_checkpoint

    return build_tiny_checkpoint(settings.VAR_FOLDER / "checkpoints" / "checkpoint")


@pytest.fixture
def root(settings, tmp_path):
    """A folder that checkpoints may lie below, beside those that have been."""
    folder = tmp_path / "root"
    folder.mkdir()
    settings.CHECKPOINT_ROOTS = [*settings.CHECKPOINT_ROOTS, folder]
    return folder


@pytest.fixture(scope="session")
def tiny_pipeline(tiny_checkpoint):
    """A pipeline for 128 by 128 pixels, on the CPU; a test that changes it has to change it back."""
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(tiny_checkpoint, use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture
def tiny_run(tiny_checkpoint):
    """A queued run on the tiny checkpoint."""

    def tiny_run(*texts: str, source: str | None = None, **settings) -> GenerationRun:
        number = GenerationRun.objects.count()
        words = [[(word, "NOUN", "") for word in text.split()] for text in texts or TEXTS]
        return create_run(
            name=f"run {number}",
            prompt_set=make_prompt_set(list(zip(texts or TEXTS, words, strict=True))),
            checkpoint=Checkpoint.objects.create(
                name=f"checkpoint {number}", source=str(source or tiny_checkpoint)
            ),
            **{"num_inference_steps": 2, "batch_size": 3} | settings,
        )

    return tiny_run


@pytest.fixture
def full_disk(monkeypatch):
    """When so many more files have had room, each is stored in part, and an error raised in the middle."""
    chunks = ContentFile.chunks

    def full_disk(error: BaseException, room_for: int = 0) -> None:
        begun: list[ContentFile] = []

        def break_off(content, chunk_size=None):
            begun.append(content)
            if len(begun) <= room_for:
                yield from chunks(content)
                return
            yield content.read(1)
            raise error

        monkeypatch.setattr(ContentFile, "chunks", break_off)

    return full_disk
