import torch

from generation.daam.checkpoint_folders import folder_revision
from generation.demo.tiny import build_tiny_checkpoint


def test_the_same_call_gives_the_same_checkpoint(tiny_checkpoint, tmp_path):
    """And leaves the caller's random numbers alone."""
    torch.manual_seed(3)
    state = torch.get_rng_state()
    again = build_tiny_checkpoint(tmp_path / "again")
    assert torch.equal(torch.get_rng_state(), state)
    assert folder_revision(again) == folder_revision(tiny_checkpoint)


def test_it_is_a_few_megabytes(tiny_checkpoint):
    assert sum(path.stat().st_size for path in tiny_checkpoint.rglob("*") if path.is_file()) < 8e6


def test_common_words_are_one_token_and_others_several(tiny_pipeline):
    tokenize = tiny_pipeline.tokenizer.tokenize
    assert tokenize("A dog near a refrigerator") == [
        "a</w>",
        "dog</w>",
        "near</w>",
        "a</w>",
        "refrigerator</w>",
    ]
    assert len(tokenize("xylophone")) > 1


def test_any_text_is_tokenized_without_unknown_tokens(tiny_pipeline):
    tokenizer = tiny_pipeline.tokenizer
    text = "Żółw 日本 🐕 #!~ \u0000 zebra"
    ids = tokenizer(text, add_special_tokens=False).input_ids
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids).replace(" ", "") == text.lower().replace(" ", "")
