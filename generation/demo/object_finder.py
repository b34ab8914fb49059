"""Finds the demo's objects in an image by their pictures: which are there, and where.

A matcher of templates, not a trained classifier: it cannot learn to take a smear for an object, and what it
looks for can be read here. Each sprite, in its own colours, in several sizes and both ways round, is laid
over every place of the image. Compared is what differs from the ground, in the shape and a rim around it: the
colours, by the cosine of the two, and likewise the details, which a smear of the right colours lacks.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from generation.demo.scenes import SIZE
from generation.demo.sprites import OBJECTS, sprite

# Chosen on 24 drawn scenes of two objects, of an earlier world and autoencoder. Of the 48 objects in the
# scenes that seed 998 gives now, 47 are found, and none that is not there.
# `python -m benchmarks.demo_objects` measures it on others.
THRESHOLD = 0.6
_LENGTHS = (32, 37, 42, 48, 55, 62)  # the longer sides looked for, in pixels
_SHRINK = 2  # images and sprites are compared at half their size
_RIM = 2  # pixels around the shape, of the shrunk image, where ground has to be
_BORDER = 3  # pixels at the left and right edge of the shrunk image that show the ground
_MOST = 4  # objects looked for in an image


@dataclass(frozen=True)
class FoundObject:
    """likeness: of the object's picture to what is there, at most 1. x, y: its middle; length: of its longer
    side; in pixels of the image."""

    name: str
    likeness: float
    x: float
    y: float
    length: int


@dataclass(frozen=True)
class _Templates:
    """Of one size, in pixels of the shrunk image.

    colours: (templates, 3, side, side), 0 outside the shape.
    shapes: (templates, 1, side, side), the opacity; rims: the same size, 1 where it is compared.
    names: one per template.
    """

    length: int
    colours: torch.Tensor
    shapes: torch.Tensor
    rims: torch.Tensor
    names: tuple[str, ...]


def find_objects(image: np.ndarray, threshold: float = THRESHOLD) -> list[FoundObject]:
    """The objects of a scene-like image, the likeliest first.

    image: uint8 (SIZE, SIZE, 3). Tinted, turned, very small and very big objects are not looked for. Where
    two pictures fit the same place, the better one is found; the same object may be found again beside
    itself.
    """
    side = SIZE // _SHRINK
    pixels = np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BOX), dtype=np.float32)
    edge = np.concatenate([pixels[:, :_BORDER], pixels[:, -_BORDER:]], axis=1)
    by_row = np.median(edge, axis=1)  # (rows, 3): grounds grow lighter towards the bottom
    slope = np.polynomial.polynomial.polyfit(np.arange(side), by_row, 1)  # (2, 3)
    ground = slope[0] + np.arange(side)[:, None] * slope[1]
    rest = torch.from_numpy((pixels - ground[:, None]).astype(np.float32)).permute(2, 0, 1)[None]
    middle = torch.from_numpy(ground.mean(axis=0).astype(np.float32))
    details = _details(rest)
    candidates = [
        (templates, likeness[0])
        for templates in _all_templates()
        for likeness in [_likeness(rest, details, middle, templates)]
    ]
    found: list[FoundObject] = []
    while len(found) < _MOST:
        best, templates, likeness = max(
            ((likeness.max().item(), templates, likeness) for templates, likeness in candidates),
            key=lambda candidate: candidate[0],
        )
        if best < threshold:
            break
        number, y, x = np.unravel_index(int(likeness.argmax()), likeness.shape)
        found.append(
            FoundObject(
                templates.names[number], best, float(x * _SHRINK), float(y * _SHRINK), templates.length
            )
        )
        reach = templates.length // _SHRINK // 2
        for _, others in candidates:  # nothing else stands there
            others[:, max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = -1
    return found


def _likeness(
    rest: torch.Tensor, details: torch.Tensor, ground: torch.Tensor, templates: _Templates
) -> torch.Tensor:
    """(1, templates, rows, columns): of each template with its middle at each pixel."""
    # A template over the ground, less the ground.
    drawn = templates.colours - templates.shapes * ground[None, :, None, None]
    by_colours = _cosine(rest, drawn, templates.rims)
    by_details = _cosine(details, _details(drawn) * templates.rims, templates.rims)
    return (by_colours + by_details) / 2


def _details(pictures: torch.Tensor) -> torch.Tensor:
    """(pictures, 3, rows, columns) less what a blur leaves of them."""
    return pictures - F.avg_pool2d(pictures, 2 * _RIM + 1, 1, _RIM, count_include_pad=False)


def _cosine(rest: torch.Tensor, drawn: torch.Tensor, rims: torch.Tensor) -> torch.Tensor:
    half = drawn.shape[-1] // 2
    product = F.conv2d(rest, drawn, padding=half)
    there = F.conv2d(rest.square().sum(1, keepdim=True), rims, padding=half).clamp(min=0)
    wanted = drawn.square().sum((1, 2, 3))[None, :, None, None]
    # Faint traces are no object, however alike: at least half the contrast.
    return product / torch.maximum(there * wanted, 0.25 * wanted**2).sqrt()


@cache
def _all_templates() -> tuple[_Templates, ...]:
    return tuple(_templates(length) for length in _LENGTHS)


def _templates(length: int) -> _Templates:
    longer = length / _SHRINK
    side = 2 * (round(longer) // 2 + _RIM) + 1
    colours, shapes, rims, names = [], [], [], []
    for name in OBJECTS:
        factor = longer / max(sprite(name).size)
        size = [max(1, round(edge * factor)) for edge in sprite(name).size]
        picture = np.asarray(sprite(name).resize(size, Image.Resampling.LANCZOS), dtype=np.float32)
        for drawn in (picture, picture[:, ::-1]):
            top, left = (side - size[1]) // 2, (side - size[0]) // 2
            whole = np.zeros((side, side, 4), dtype=np.float32)
            whole[top : top + size[1], left : left + size[0]] = drawn
            shape = torch.from_numpy(whole[..., 3] / 255)[None]  # (1, side, side)
            colours.append(torch.from_numpy(whole[..., :3]).permute(2, 0, 1) * shape)
            shapes.append(shape)
            rims.append(F.max_pool2d((shape > 0.1).float(), 2 * _RIM + 1, 1, _RIM))
            names.append(name)
    return _Templates(length, torch.stack(colours), torch.stack(shapes), torch.stack(rims), tuple(names))
