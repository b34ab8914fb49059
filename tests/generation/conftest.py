"""The tiny pipeline: a real Stable Diffusion pipeline with random weights, built once per run."""

import pytest


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory):
    """The folder of a checkpoint. Read it only; copy it to change it."""
    from generation.demo.tiny import build_tiny_checkpoint

    return build_tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "checkpoint")


@pytest.fixture(scope="session")
def tiny_pipeline(tiny_checkpoint):
    """A pipeline for 128 by 128 pixels, on the CPU; a test that changes it has to change it back."""
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(tiny_checkpoint, use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
