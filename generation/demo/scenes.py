"""The demo's world: drawn scenes of a few objects on a ground, with captions and the exact mask of each word.

`scene(rng)` draws one; the same generator state gives the same scene. What the captions can say:

    objects      the 42 nouns of the paper's ontology, one to four of a name, one to three names
    adjectives   small, big, very small, very big, and eight colours (a tint of the whole object)
    numerals     one, two, three, four
    verbs        standing, lying (on its side), leaning (tilted), flying (above its shadow)
    relations    and, with, next to, beside (as one reads: what is named first stands at the left; of three
                 the second lower), to the left of, to the right of, above, below
    grounds      grass, sand, snow, water, a road, a table, a carpet
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from PIL import Image

from generation.demo.caption_grammar import plural
from generation.demo.sprites import OBJECTS, sprite, tinted_sprite
from generation.prompts.cohyponyms import indefinite_article

SIZE = 128  # pixels of a side

COLOURS = {
    "red": (220, 40, 40), "blue": (45, 95, 225), "green": (40, 165, 70), "yellow": (245, 205, 40),
    "purple": (145, 65, 185), "pink": (245, 130, 180), "white": (248, 248, 248), "black": (50, 50, 55),
}  # fmt: skip
GROUNDS = {
    "grass": (126, 192, 96), "sand": (228, 206, 150), "snow": (236, 240, 247), "water": (104, 170, 222),
    "road": (140, 141, 146), "table": (196, 148, 100), "carpet": (168, 110, 130),
}  # fmt: skip
_COUNTED_GROUNDS = ("road", "table", "carpet")
NUMERALS = ("one", "two", "three", "four")
# Lengths of an object's longer side, in pixels; the first is that of objects of which no size is said.
_LENGTHS = {"": (40, 56), "small": (28, 34), "big": (60, 68), "very small": (20, 24), "very big": (74, 84)}
# Turns in degrees.
VERBS = {"standing": 0, "lying": 90, "leaning": 25, "flying": 0}
_BESIDE = ("and", "with", "next to", "beside")
_DIRECTIONS = {
    "to the left of": (-1, 0), "to the right of": (1, 0), "above": (0, -1), "below": (0, 1),
}  # fmt: skip


@dataclass(frozen=True)
class SceneWord:
    """A word of a caption with its character span.

    role: "object" (a noun, also of two words), "ground", "attribute" (an adjective, numeral or verb of an
        object) or "other".
    mask: bool (height, width), the pixels that it says something about: of all objects of an object's noun,
        united; None for "other" words.
    object_name: of objects and attributes, the object's name in the ontology.
    """

    text: str
    start: int
    end: int
    role: str
    mask: np.ndarray | None = None
    object_name: str = ""


@dataclass(frozen=True)
class Scene:
    """image: uint8 (height, width, 3)."""

    image: np.ndarray
    caption: str
    words: tuple[SceneWord, ...]


@dataclass(frozen=True)
class _Group:
    """One to four objects of one name."""

    name: str
    count: int = 1
    size: str = ""
    colour: str = ""
    verb: str = ""


# A piece of a caption: its text, its role, and the number of the group that it belongs to.
_Piece = tuple[str, str, int | None]


def scene(rng: np.random.Generator) -> Scene:
    """A random scene of SIZE by SIZE pixels."""
    group_count = int(rng.choice([1, 2, 3], p=[0.36, 0.57, 0.07]))
    names = [OBJECTS[number] for number in rng.choice(len(OBJECTS), group_count, replace=False)]
    groups = [_group(name, alone=group_count == 1, rng=rng) for name in names]
    ground = str(rng.choice(list(GROUNDS)))
    relation = _relation(group_count, rng)
    image, masks = _draw(groups, ground, _middles(group_count, relation, rng), rng)
    pieces = _caption(groups, ground if rng.random() < 0.65 else "", relation, rng)
    return _with_masks(image, names, masks, pieces, rng)


def _group(name: str, *, alone: bool, rng: np.random.Generator) -> _Group:
    count = 1 + int(rng.choice(4, p=[0.78, 0.12, 0.06, 0.04] if alone else [0.9, 0.1, 0, 0]))
    colour = str(rng.choice(list(COLOURS))) if rng.random() < 0.18 else ""
    if count > 1:
        return _Group(name, count, colour=colour)
    sizes = list(_LENGTHS)[: 5 if alone else 3]
    size = sizes[
        int(rng.choice(len(sizes), p=[0.6, 0.16, 0.16, 0.04, 0.04] if alone else [0.72, 0.14, 0.14]))
    ]
    verb = str(rng.choice(list(VERBS))) if alone and not size and rng.random() < 0.25 else ""
    return _Group(name, 1, size, colour, verb)


def _relation(group_count: int, rng: np.random.Generator) -> str:
    if group_count != 2:
        return ""
    weights = [0.5, 0.08, 0.07, 0.07, 0.07, 0.07, 0.07, 0.07]
    return str(rng.choice([*_BESIDE, *_DIRECTIONS], p=weights))


def _middles(group_count: int, relation: str, rng: np.random.Generator) -> list[tuple[float, float]]:
    """The middle of each group, as shares of the side: from left to right, where the caption does not say.

    Without that order, a generator has to settle early and everywhere at once which object is at which side,
    and a small one draws the same object twice.
    """
    if group_count == 1:
        return [(0.5 + rng.uniform(-0.12, 0.12), 0.52 + rng.uniform(-0.1, 0.1))]
    if group_count == 3:
        return [(0.2, 0.35), (0.5, 0.68), (0.8, 0.35)]
    step_x, step_y = _DIRECTIONS.get(relation, _DIRECTIONS["to the left of"])
    # The other axis varies, so that a pair side by side may also stand a little higher or lower.
    drift = rng.uniform(-0.1, 0.1)
    return [
        (
            0.5 + sign * (0.235 * step_x + drift * abs(step_y)),
            0.5 + sign * (0.235 * step_y + drift * abs(step_x)),
        )
        for sign in (1, -1)
    ]


def _draw(
    groups: list[_Group], ground: str, middles: list[tuple[float, float]], rng: np.random.Generator
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The image and, per group, the mask of its visible pixels."""
    canvas = _ground(ground, rng)
    owner = np.full((SIZE, SIZE), -1)
    for number, (group, (x, y)) in enumerate(zip(groups, middles, strict=True)):
        for left, top, longer in _spots(group, x * SIZE, y * SIZE, len(groups), rng):
            picture = _picture(group, longer, rng)
            _paste(canvas, owner, picture, (left, top), number, flying=group.verb == "flying")
    return np.asarray(canvas), [owner == number for number in range(len(groups))]


def _spots(
    group: _Group, x: float, y: float, group_count: int, rng: np.random.Generator
) -> list[tuple[float, float, float]]:
    """The middle and the longer side of each object of a group, in pixels."""
    length = rng.uniform(*_LENGTHS[group.size])
    if group_count == 3:
        length = min(length, 42)
    if group.count == 1:
        return [(x + rng.uniform(-3, 3), y + rng.uniform(-3, 3), length)]
    length = rng.uniform(34, 40) if group_count == 1 else rng.uniform(27, 31)
    apart = length * 1.08
    if group.count == 4:
        return [(x + dx * apart / 2, y + dy * apart / 2, length) for dy in (-1, 1) for dx in (-1, 1)]
    if group_count == 1:  # in a row
        return [
            (SIZE / 2 + (number - (group.count - 1) / 2) * apart, y, length) for number in range(group.count)
        ]
    return [(x, y + dy * apart / 2, length) for dy in (-1, 1)]


def _picture(group: _Group, longer: float, rng: np.random.Generator) -> Image.Image:
    picture = tinted_sprite(group.name, COLOURS[group.colour]) if group.colour else sprite(group.name)
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    angle = VERBS.get(group.verb, 0)
    if angle:
        picture = picture.rotate(
            angle if rng.random() < 0.5 else -angle, Image.Resampling.BICUBIC, expand=True
        )
        picture = picture.crop(picture.getbbox())
    factor = longer / max(picture.size)
    size = [max(1, round(side * factor)) for side in picture.size]
    return picture.resize(size, Image.Resampling.BOX if factor > 1 else Image.Resampling.LANCZOS)


def _paste(
    canvas: Image.Image,
    owner: np.ndarray,
    picture: Image.Image,
    middle: tuple[float, float],
    number: int,
    flying: bool,
) -> None:
    width, height = picture.size
    left = int(np.clip(middle[0] - width / 2, 1, SIZE - width - 1))
    top = int(np.clip(middle[1] - height / 2 - (14 if flying else 0), 1, SIZE - height - 1))
    shade_width, shade_height = round(width * 0.94), max(4, round(width * 0.2))
    shade = _shade().resize((shade_width, shade_height))
    shade_top = min(top + height - shade_height // 2 + (22 if flying else 0), SIZE - shade_height)
    canvas.paste((40, 45, 60), (left + (width - shade_width) // 2, shade_top), shade)
    canvas.paste(picture, (left, top), picture)
    solid = np.asarray(picture)[..., 3] > 127
    owner[top : top + height, left : left + width][solid] = number


@cache
def _shade() -> Image.Image:
    """A soft ellipse of opacities, drawn under objects."""
    y, x = np.mgrid[-1:1:24j, -1:1:96j]
    return Image.fromarray((90 * np.clip(1 - (x**2 + y**2), 0, 1)).astype(np.uint8), "L")


def _ground(name: str, rng: np.random.Generator) -> Image.Image:
    """A colour that grows lighter towards the bottom, with faint lines where the ground has some."""
    y, x = np.mgrid[0 : 1 : SIZE * 1j, 0 : 1 : SIZE * 1j]
    light = 0.93 + 0.14 * y
    if name == "table":
        light = light - 0.07 * ((y * 8) % 1 < 0.06)
    elif name == "water":
        light = light + 0.05 * (np.sin(2 * np.pi * (y * 8 + 0.35 * np.sin(2 * np.pi * 2 * x))) > 0.8)
    elif name == "carpet":
        light = light - 0.05 * (((x * 8) % 1 < 0.5) ^ ((y * 8) % 1 < 0.5))
    colours = light[..., None] * np.array(GROUNDS[name]) + rng.uniform(-7, 7)
    return Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8), "RGB")


def _caption(groups: list[_Group], ground: str, relation: str, rng: np.random.Generator) -> list[_Piece]:
    pieces: list[_Piece] = []
    phrases = [_noun_phrase(group, number, rng) for number, group in enumerate(groups)]
    verb = groups[0].verb
    opening = ""
    if len(groups) == 1:
        opening = str(rng.choice(["", "there is"], p=[0.9, 0.1])) if groups[0].count == 1 and not verb else ""
        pieces = phrases[0]
        if verb:
            aux: list[_Piece] = [("is", "other", None)] if rng.random() < 0.4 else []
            pieces = [*pieces, *aux, (verb, "attribute", 0)]
    elif len(groups) == 2:
        between: list[_Piece] = [(word, "other", None) for word in relation.split()]
        pieces = [*phrases[0], *between, *phrases[1]]
    else:
        pieces = [*phrases[0], (",", "other", None), *phrases[1], ("and", "other", None), *phrases[2]]
    pieces = [*((word, "other", None) for word in opening.split()), *pieces]
    if ground:
        article = "a" if ground in _COUNTED_GROUNDS and rng.random() < 0.6 else ""
        if not article and (ground in _COUNTED_GROUNDS or rng.random() < 0.4):
            article = "the"
        words = ["over" if verb == "flying" else "on", *([article] if article else [])]
        pieces = [*pieces, *((word, "other", None) for word in words), (ground, "ground", None)]
    if rng.random() < 0.3:
        pieces = [*pieces, (".", "other", None)]
    return pieces


def _noun_phrase(group: _Group, number: int, rng: np.random.Generator) -> list[_Piece]:
    modifiers: list[_Piece] = [(word, "attribute", number) for word in group.size.split()]
    if group.colour:
        modifiers.append((group.colour, "attribute", number))
    noun = (plural(group.name) if group.count > 1 else group.name, "object", number)
    if group.count > 1 or rng.random() < 0.04:
        return [(NUMERALS[group.count - 1], "attribute", number), *modifiers, noun]
    first = modifiers[0][0] if modifiers else group.name
    article = "the" if rng.random() < 0.08 else indefinite_article(first)
    return [(article, "other", None), *modifiers, noun]


def _with_masks(
    image: np.ndarray,
    names: list[str],
    masks: list[np.ndarray],
    pieces: list[_Piece],
    rng: np.random.Generator,
) -> Scene:
    """The pieces joined to a caption, each with its span and the mask of what it says something about."""
    caption = ""
    words: list[SceneWord] = []
    about: tuple[np.ndarray | None, str]
    for text, role, number in pieces:
        caption += " " if caption and text not in ".," else ""
        start = len(caption)
        caption += text
        if role == "ground":
            about = ~np.any(masks, axis=0), ""
        else:
            about = (None, "") if number is None else (masks[number], names[number])
        words.append(SceneWord(text, start, len(caption), role, *about))
    if rng.random() < 0.5:
        caption = caption[0].upper() + caption[1:]
        words[0] = replace(words[0], text=caption[: words[0].end])
    return Scene(image, caption, tuple(words))
