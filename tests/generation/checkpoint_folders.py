"""Folders that look like checkpoints."""

import json
from pathlib import Path


def make_checkpoint(folder: Path) -> Path:
    """As far as anybody looks who does not load it."""
    (folder / "unet").mkdir(parents=True)
    (folder / "model_index.json").write_text(
        json.dumps({"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]})
    )
    (folder / "unet" / "config.json").write_text("{}")
    return folder
