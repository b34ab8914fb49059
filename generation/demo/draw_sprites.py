"""Draw the sheet of objects that the demo's scenes are made of.

    python -m generation.demo.draw_sprites [FONT]

Needs the colour emoji of Debian's `fonts-noto-color-emoji` (SIL Open Font License); the objects that have no
emoji are drawn here. The sheet comes with the project, so only who changes the objects needs this.
"""

import sys
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFont

from generation.demo.sprites import COLUMNS, OBJECTS, SHEET, TILE

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
_FONT_SIZE = 109  # the only one of a bitmap font
_SCALE = 4  # shapes are drawn larger and then shrunk, which smooths their edges

_EMOJI = {
    "backpack": "🎒", "handbag": "👜", "suitcase": "🧳", "cake": "🎂", "donut": "🍩", "hot dog": "🌭",
    "pizza": "🍕", "sandwich": "🥪", "apple": "🍎", "banana": "🍌", "orange": "🍊", "cell phone": "📱",
    "laptop": "💻", "tv": "📺", "chair": "🪑", "couch": "🛋", "fork": "🍴", "knife": "🔪", "spoon": "🥄",
    "bowl": "🥣", "cup": "☕", "cow": "🐄", "horse": "🐎", "sheep": "🐑", "cat": "🐈", "dog": "🐕",
    "bear": "🐻", "elephant": "🐘", "giraffe": "🦒", "zebra": "🦓", "skateboard": "🛹", "bus": "🚌",
    "car": "🚗", "truck": "🚚", "bicycle": "🚲", "motorcycle": "🏍",
}  # fmt: skip

Shape = Callable[["_ScaledDraw"], None]


def _oven(draw: "_ScaledDraw") -> None:
    draw.rounded_rectangle((10, 8, 90, 92), 5, "#d5d8dc")
    draw.rectangle((10, 8, 90, 28), "#5d6d7e")
    for x in (24, 42, 60, 78):
        draw.ellipse((x - 6, 12, x + 6, 24), "#17202a")
    draw.rectangle((18, 34, 82, 39), "#808b96")
    draw.rounded_rectangle((18, 45, 82, 84), 4, "#17202a")
    draw.rectangle((24, 66, 76, 78), "#e67e22")


def _refrigerator(draw: "_ScaledDraw") -> None:
    draw.rounded_rectangle((24, 2, 76, 98), 6, "#aeb6bf")
    draw.rounded_rectangle((27, 5, 73, 36), 4, "#eaf2f8")
    draw.rounded_rectangle((27, 40, 73, 93), 4, "#eaf2f8")
    draw.rectangle((31, 14, 35, 31), "#566573")
    draw.rectangle((31, 46, 35, 70), "#566573")


def _toaster(draw: "_ScaledDraw") -> None:
    for x in (26, 54):
        draw.rounded_rectangle((x, 18, x + 20, 50), 5, "#ca8a4b")
        draw.rounded_rectangle((x + 4, 22, x + 16, 50), 3, "#f0c987")
    draw.rounded_rectangle((10, 38, 90, 84), 14, "#c0392b")
    draw.rectangle((10, 72, 90, 78), "#7b241c")
    draw.rectangle((82, 48, 96, 54), "#212f3d")
    draw.rectangle((20, 84, 30, 90), "#212f3d")
    draw.rectangle((70, 84, 80, 90), "#212f3d")


def _bench(draw: "_ScaledDraw") -> None:
    for x in (12, 80):
        draw.rectangle((x, 26, x + 8, 84), "#283747")
    for y in (26, 38):
        draw.rounded_rectangle((2, y, 98, y + 9), 2, "#8d5524")
    draw.rounded_rectangle((2, 54, 98, 64), 2, "#a86a32")


def _snowboard(draw: "_ScaledDraw") -> None:
    draw.rounded_rectangle((36, 1, 64, 99), 14, "#6c3483")
    draw.rounded_rectangle((40, 5, 60, 95), 10, "#af7ac5")
    for y in (28, 62):
        draw.rectangle((33, y, 67, y + 9), "#1c2833")
    draw.polygon(((50, 42), (57, 50), (50, 58), (43, 50)), "#f7dc6f")


def _surfboard(draw: "_ScaledDraw") -> None:
    draw.ellipse((32, -14, 68, 99), "#17a589")
    draw.ellipse((36, -8, 64, 94), "#fdf2e9")
    draw.rectangle((48, 0, 52, 92), "#17a589")
    draw.rectangle((36, 40, 64, 50), "#e74c3c")


_SHAPES: dict[str, Shape] = {
    "oven": _oven, "refrigerator": _refrigerator, "toaster": _toaster, "bench": _bench,
    "snowboard": _snowboard, "surfboard": _surfboard,
}  # fmt: skip


def _from_font(name: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    image = Image.new("RGBA", (160, 160))
    ImageDraw.Draw(image).text((8, 8), _EMOJI[name], font=font, embedded_color=True)
    drawn = image.getbbox()
    if drawn is None:
        raise ValueError(f"The font has no picture of a {name}; take Noto Color Emoji.")
    if name == "fork":  # the emoji is a fork and a knife
        left, top, right, bottom = drawn
        image = image.crop((left, top, (left + right) // 2, bottom))
    return image


def _from_shape(shape: Shape) -> Image.Image:
    """Shapes are drawn in a field of 100 by 100."""
    image = Image.new("RGBA", (100 * _SCALE, 100 * _SCALE))
    shape(_ScaledDraw(image))
    if shape is _snowboard or shape is _surfboard:
        image = image.rotate(-35, Image.Resampling.BICUBIC, expand=True)
    return image


class _ScaledDraw:
    """A drawing whose coordinates are multiplied by _SCALE."""

    def __init__(self, image: Image.Image):
        self._draw = ImageDraw.Draw(image)

    def rectangle(self, box, fill):
        self._draw.rectangle([_SCALE * value for value in box], fill)

    def ellipse(self, box, fill):
        self._draw.ellipse([_SCALE * value for value in box], fill)

    def rounded_rectangle(self, box, radius, fill):
        self._draw.rounded_rectangle([_SCALE * value for value in box], _SCALE * radius, fill)

    def polygon(self, points, fill):
        self._draw.polygon([(_SCALE * x, _SCALE * y) for x, y in points], fill)


def draw_sheet(font_file: str) -> Image.Image:
    """All objects in the order of OBJECTS, each as large as its tile allows, in rows of COLUMNS tiles."""
    font = ImageFont.truetype(font_file, _FONT_SIZE)
    rows = -(-len(OBJECTS) // COLUMNS)
    sheet = Image.new("RGBA", (COLUMNS * TILE, rows * TILE))
    for number, name in enumerate(OBJECTS):
        image = _from_shape(_SHAPES[name]) if name in _SHAPES else _from_font(name, font)
        image = image.crop(image.getbbox())
        factor = TILE / max(image.size)
        width, height = (max(1, round(side * factor)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
        row, column = divmod(number, COLUMNS)
        left = column * TILE + (TILE - image.width) // 2
        sheet.paste(image, (left, row * TILE + (TILE - image.height) // 2))
    return sheet


if __name__ == "__main__":
    draw_sheet(*(sys.argv[1:] or [FONT])).save(SHEET, optimize=True)
    print(f"{len(OBJECTS)} objects in {SHEET}")
