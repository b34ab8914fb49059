"""The demo checkpoint's text encoder: a CLIPTextModel of one layer, set by hand and never trained."""

import math

import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

FEATURES = 192
_POSITION_FEATURES = 40  # of FEATURES; the others hold words
_LOOKS_BACK = {1: 0.5, 2: 0.35}  # an attention head for each: words back, strength
_SEED = 20230707


def text_encoder(tokens: CLIPTokenizer) -> CLIPTextModel:
    """Each token's state is its own word's random vector and its position, and a little of the two words
    before.

    Trained together with the UNet, an encoder packs the whole caption into the later tokens, and every
    noun's heat map lights up on every object; and where random attention spreads evenly over the caption, the
    padding alone tells all of it. Two words back are enough to tell "a red apple and a car" from "an apple
    and a red car", and reach no other object's noun; the ground of "a cat on sand" does see its cat.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        encoder = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(tokens),
                hidden_size=FEATURES,
                intermediate_size=FEATURES,
                num_hidden_layers=1,
                num_attention_heads=len(_LOOKS_BACK),
                max_position_embeddings=tokens.model_max_length,
                bos_token_id=tokens.bos_token_id,
                eos_token_id=tokens.eos_token_id,
                pad_token_id=tokens.pad_token_id,
                projection_dim=FEATURES,
            )
        )
        _set_by_hand(encoder)
    return encoder.requires_grad_(False).eval()


@torch.no_grad()
def _set_by_hand(encoder: CLIPTextModel) -> None:
    weights = encoder.state_dict()  # whose tensors are the parameters' own
    for name, tensor in weights.items():
        if "layer_norm" not in name:
            tensor.zero_()  # also the feed-forward part, which adds nothing
    word_features = FEATURES - _POSITION_FEATURES
    words = weights["embeddings.token_embedding.weight"][:, :word_features]
    words.copy_(torch.nn.functional.normalize(torch.randn_like(words), dim=1) * word_features**0.5)

    # At these rates the cosines of a distance sum to 0 unless it is 0, 40 (where the sum is negative) or 80
    # tokens: positions within a text are told apart exactly.
    rates = math.pi * (torch.arange(_POSITION_FEATURES // 2) + 0.5) / (_POSITION_FEATURES // 2)
    positions = weights["embeddings.position_embedding.weight"]
    angles = torch.arange(len(positions))[:, None] * rates  # (positions, rates)
    positions[:, word_features:] = 2**0.5 * torch.cat([angles.cos(), angles.sin()], dim=1)

    attention = "encoder.layers.0.self_attn."
    attention_head_size = FEATURES // len(_LOOKS_BACK)
    sharpness = (
        10 * attention_head_size**0.5 / _POSITION_FEATURES
    )  # the score of the position looked at; all others have 0
    for number, (back, strength) in enumerate(_LOOKS_BACK.items()):
        first = number * attention_head_size
        rows, spread = slice(first, first + _POSITION_FEATURES), slice(first, first + attention_head_size)
        cosines, sines = torch.diag((rates * back).cos()), torch.diag((rates * back).sin())
        # a query is its own position, turned back
        rotation = torch.cat([torch.cat([cosines, sines], 1), torch.cat([-sines, cosines], 1)])
        weights[f"{attention}q_proj.weight"][rows, word_features:] = sharpness * rotation
        weights[f"{attention}k_proj.weight"][rows, word_features:] = torch.eye(_POSITION_FEATURES)
        values = weights[f"{attention}v_proj.weight"][spread, :word_features]
        values.copy_(torch.randn_like(values) * word_features**-0.5)
        outputs = weights[f"{attention}out_proj.weight"][:word_features, spread]
        outputs.copy_(torch.randn_like(outputs) * strength * attention_head_size**-0.5)
