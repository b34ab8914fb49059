"""Which row of the denoising network's batch belongs to which image."""

from dataclasses import dataclass

import torch

from generation.daam.recorder import TraceError


@dataclass(frozen=True)
class Rows:
    """Rows of one call's batch, one per image; None for a side that the call does not hold."""

    prompt: list[int] | None
    negative: list[int] | None


def find_rows(
    text_states: torch.Tensor, prompt_embeds: torch.Tensor, negative_embeds: torch.Tensor | None
) -> Rows:
    """The rows that hold each image's prompt and negative prompt.

    text_states: (rows, tokens, features), what the network was given. prompt_embeds, negative_embeds:
    (images, tokens, features), what `encode_prompt` returned. A row belongs to the image whose text it holds,
    which leaves ties when texts are equal. Guidance puts the negative prompts first; so if the batch starts
    with them they are passed over in the search for the prompts, even if they equal them. Images with equal
    prompts take their rows in order, and of two rows for one image the first counts (perturbed-attention
    guidance appends the perturbed one).

    Raises TraceError if the rows hold other texts.
    """
    images = len(prompt_embeds)
    if text_states is negative_embeds and text_states is not prompt_embeds:
        return Rows(None, list(range(images)))
    prompt_embeds = prompt_embeds.to(text_states)
    first = 0
    negative: list[int] | None = None
    if negative_embeds is not None:
        negative_embeds = negative_embeds.to(text_states)
        if torch.equal(text_states, negative_embeds) and not torch.equal(prompt_embeds, negative_embeds):
            return Rows(None, list(range(images)))
        if len(text_states) > images:
            if torch.equal(text_states[:images], negative_embeds):
                first = images
            taken, _ = _matches(text_states, negative_embeds, list(range(len(text_states))))
            negative = None if None in taken else [row for row in taken if row is not None]
    rows, missing = _matches(text_states, prompt_embeds, list(range(first, len(text_states))))
    if missing is not None and not prompt_embeds[missing].isfinite().all():
        raise TraceError(f"The embeddings of image {missing}'s prompt hold NaN or infinity.")
    if missing is not None:
        raise TraceError(
            f"The model was given a text that is not the one of image {missing}: something changed the "
            "embeddings that encode_prompt returned, so its attention cannot be told apart."
        )
    return Rows([row for row in rows if row is not None], negative)


def _matches(
    text_states: torch.Tensor, texts: torch.Tensor, free: list[int]
) -> tuple[list[int | None], int | None]:
    """For each text the first of the free rows that holds it, each row once; and the first text without."""
    if text_states.shape[1:] != texts.shape[1:]:
        return [None] * len(texts), 0
    # one text at a time: all at once would take the memory of rows * texts embeddings
    equal = [(text_states == text).flatten(1).all(dim=-1) for text in texts]
    holds = torch.stack(equal).tolist()  # (texts, rows)
    rows: list[int | None] = []
    for text in range(len(texts)):
        row = next((row for row in free if holds[text][row]), None)
        if row is not None:
            free.remove(row)
        rows.append(row)
    return rows, rows.index(None) if None in rows else None
