"""Bicubic upscaling as two small matrix products, with the weights that torch uses; no torch."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# torch's `interpolate(mode="bicubic")`; other libraries use -0.5
_A = -0.75


@lru_cache(maxsize=128)
def bicubic_weights(length: int, new_length: int) -> NDArray[np.float64]:
    """The matrix U that resamples one axis: `U @ values`, float64 (new_length, length), read-only.

    The weights are those of `torch.nn.functional.interpolate(mode="bicubic", align_corners=False)`: cell
    centres are mapped onto cell centres, a = -0.75, and positions beyond the border take the border's value.
    A heat map of cells M (h, w) upscaled to (height, width) is `bicubic_weights(h, height) @ M @
    bicubic_weights(w, width).T`.

    Raises ValueError if a length is not positive.
    """
    if length < 1 or new_length < 1:
        raise ValueError(f"Lengths must be positive, not {length} and {new_length}.")
    position = (np.arange(new_length) + 0.5) * (length / new_length) - 0.5
    left = np.floor(position).astype(np.int64)
    offset = position - left
    weights = np.zeros((new_length, length))
    targets = np.arange(new_length)
    for neighbour in (-1, 0, 1, 2):
        source = np.clip(left + neighbour, 0, length - 1)
        np.add.at(weights, (targets, source), _kernel(offset - neighbour))
    weights.flags.writeable = False
    return weights


def _kernel(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic convolution kernel (1981, equation 15, with a free) at these distances, each below 2."""
    d = np.abs(distance)
    near = ((_A + 2) * d - (_A + 3)) * d * d + 1
    far = ((d - 5) * d + 8) * d * _A - 4 * _A
    return np.where(d <= 1, near, far)
