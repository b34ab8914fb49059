"""A tiny Stable Diffusion checkpoint with fixed random weights: every part real, built offline in seconds.

Its images are coloured clouds and its heat maps differ from word to word, but mean nothing. It is what the
tests generate with.
"""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    DPMSolverMultistepScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from tokenizers import pre_tokenizers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

_SEED = 20230707
_TEXT_FEATURES = 32
_TEXT_LENGTH = 77  # of CLIP
_WORD_END = "</w>"

# Words that are one token each; all others are several
_WORDS = """
airplane apple arm baby backpack ball balloon banana beach bear bed bench bicycle bike bird boat book bottle
bowl box boy bread bridge broccoli brush building bus cake camera car carrot cat chair child church city clock
cloud coat coffee computer couch cow cup day desk dog donut door dress eagle elephant eye face farm fence
field fire fish floor flower food fork forest fox frisbee fruit garden giraffe girl glass grass guitar hair
hand hat head hill horse house ice island jacket keyboard kitchen kite knife lake lamp laptop leaf light lion
man map meat microwave mirror monkey moon motorcycle mountain mouse mouth night ocean office orange oven owl
painting paper park people person phone photo photograph picture pizza plane plant plate player rabbit racket
rain refrigerator river road rock room rose sandwich sea sheep ship shirt shoe shop sign sink skateboard skis
sky snow snowboard sofa spoon stone store street suitcase sun surfboard table teddy television tennis tie
tiger toilet tower town toy track traffic train tree truck umbrella vase wall watch water wave window wine
woman wood zebra carry carrying cut eat eating flying hold holding jumping lay laying looking parked play
playing ride riding run running sit sits sitting sleep sleeping stand standing swimming walk walking wearing
beautiful big black blue bright brown clean cold dark empty fresh gold gray green happy hot large little long
metal new old open orange pink purple red round short silver small tall two three white wooden yellow young
a an and are at beside between by for from front her his in inside into is it near next of on one other
outside over some the their there to top under up very while with
"""


def build_tiny_checkpoint(folder: str | Path) -> Path:
    """Write the checkpoint in diffusers' format into the folder, made if need be, and return the folder.

    A StableDiffusionPipeline of 128 by 128 pixels: latents of 16 by 16, cross-attention in its down and up
    blocks at 16 by 16, 8 by 8 and 4 by 4. The same call gives the same weights.
    """
    folder = Path(folder)
    tokenizer = _tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        pipeline = StableDiffusionPipeline(
            vae=_vae(),
            text_encoder=_text_encoder(tokenizer),
            tokenizer=tokenizer,
            unet=_unet(),
            scheduler=DPMSolverMultistepScheduler(
                beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
            ),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def _tokenizer() -> CLIPTokenizer:
    """CLIP's byte-level pair encoding, with merges learnt from the words above."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = _merges(_WORDS.split())
    pieces = [
        *letters,
        *(letter + _WORD_END for letter in letters),
        *(left + right for left, right in merges),
    ]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    # vocab and merges themselves: given files' names, CLIPTokenizer silently keeps only three tokens
    vocab = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=_TEXT_LENGTH)


def _merges(words: list[str]) -> list[tuple[str, str]]:
    """The most frequent pair of pieces, merged, and so on until each word is one piece.

    The tokenizers library has a trainer for this, but its choice among equally frequent pairs changes from
    run to run.
    """
    spellings = [[*word[:-1], word[-1] + _WORD_END] for word in sorted(set(words))]
    merges = []
    while pairs := Counter(pair for pieces in spellings for pair in pairwise(pieces)):
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for pieces in spellings:
            for place in range(len(pieces) - 2, -1, -1):
                if tuple(pieces[place : place + 2]) == best:
                    pieces[place : place + 2] = ["".join(best)]
    return merges


def _text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=_TEXT_FEATURES,
            intermediate_size=4 * _TEXT_FEATURES,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=_TEXT_LENGTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def _unet() -> UNet2DConditionModel:
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        block_out_channels=(32, 32, 64),
        down_block_types=("CrossAttnDownBlock2D",) * 3,
        up_block_types=("CrossAttnUpBlock2D",) * 3,
        layers_per_block=1,
        cross_attention_dim=_TEXT_FEATURES,
        attention_head_dim=4,  # of Stable Diffusion 1: the number of attention heads, whatever the name says
        norm_num_groups=8,
    )
    for name, layer in unet.named_modules():
        if name.endswith("attn2"):
            # untrained queries and keys are so short that every word would get the same share everywhere
            torch.nn.init.normal_(layer.to_q.weight, std=0.35)
            torch.nn.init.normal_(layer.to_k.weight, std=0.35)
    return unet


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        block_out_channels=(8, 16, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=128,
    )
