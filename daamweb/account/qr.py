"""QR codes, as the path of an SVG drawing: no image to be fetched, and no style."""

from dataclasses import dataclass
from itertools import groupby

import qrcode


@dataclass(frozen=True)
class QRCode:
    """`path` is in squares, of which the drawing has `size` in each direction, its margin included."""

    size: int
    path: str


def draw_qr_code(text: str) -> QRCode:
    code = qrcode.QRCode()
    code.add_data(text)
    code.make()
    rows = code.get_matrix()
    return QRCode(len(rows), "".join(_bars(row, y) for y, row in enumerate(rows)))


def _bars(row: list[bool], y: int) -> str:
    x, bars = 0, ""
    for dark, squares in groupby(row):
        width = len(list(squares))
        if dark:
            bars += f"M{x} {y}h{width}v1h-{width}z"
        x += width
    return bars
