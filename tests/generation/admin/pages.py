"""Addresses of the researcher's desk, and what its forms are given."""

import html

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from generation.models import Checkpoint, PromptSet

IMPORT, WORDS, PAIRS = (
    f"/admin/generation/promptset/{form}/" for form in ("import", "build-words", "build-cohyponyms")
)
START = "/admin/generation/generationrun/start/"
SETS, RUNS = "/admin/generation/promptset/", "/admin/generation/generationrun/"
PAIRS_DATA = {"name": "pairs", "count": 6, "cohyponym_share": 0.5, "nouns": "", "seed": 0}
WORDS_DATA = {
    "name": "sampled", "per_part_of_speech": 1, "common": 14, "parts_of_speech": "", "attention_checks": 1,
    "seed": 0,
}  # fmt: skip


def page(client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def upload(name: str, content: bytes, **data) -> dict:
    return {"name": "imported", "format": "auto", "file": SimpleUploadedFile(name, content)} | data


def change_page(row) -> str:
    return reverse(f"admin:generation_{row._meta.model_name}_change", args=[row.pk])


def run_data(prompt_set: PromptSet, **data) -> dict:
    checkpoint = Checkpoint.objects.create(name="checkpoint", source="owner/name")
    return {
        "name": "run", "prompt_set": prompt_set.pk, "checkpoint": checkpoint.pk, "seeds": "0, 1",
        "num_inference_steps": 20, "guidance_scale": 5, "scheduler": "ddim", "batch_size": 2,
    } | data  # fmt: skip
