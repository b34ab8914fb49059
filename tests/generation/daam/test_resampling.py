import numpy as np
import pytest
import torch
from torch.nn import functional

from generation.daam.resampling import bicubic_weights


@pytest.mark.parametrize(
    ("cells", "size"),
    [
        ((64, 64), (512, 512)),
        ((8, 12), (128, 192)),
        ((5, 7), (72, 104)),
        ((1, 2), (16, 9)),
        ((16, 16), (16, 16)),
        ((16, 9), (5, 3)),
    ],
)
def test_weights_are_torchs(cells, size):
    values = np.random.default_rng(0).random(cells)
    ours = bicubic_weights(cells[0], size[0]) @ values @ bicubic_weights(cells[1], size[1]).T
    torchs = functional.interpolate(
        torch.from_numpy(values)[None, None], size=size, mode="bicubic", align_corners=False
    )
    np.testing.assert_allclose(ours, torchs[0, 0].numpy(), rtol=0, atol=1e-12)


def test_every_output_is_a_weighted_mean():
    np.testing.assert_allclose(bicubic_weights(7, 50).sum(axis=1), 1)


@pytest.mark.parametrize(("length", "new_length"), [(0, 5), (5, 0), (5, -1)])
def test_lengths_that_cannot_be(length, new_length):
    with pytest.raises(ValueError, match="positive"):
        bicubic_weights(length, new_length)


def test_cached_weights_cannot_be_overwritten():
    with pytest.raises(ValueError, match="read-only"):
        bicubic_weights(4, 8)[0] = 0
