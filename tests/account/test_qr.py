"""The path of a QR code, drawn square by square."""

import re

import qrcode

from daamweb.account.qr import draw_qr_code

TEXT = "otpauth://totp/daamweb%3Aanna?secret=ID4FP6WJBUX3KNFPP467RLPLZRCCNQEQ&issuer=daamweb"


def squares(path: str) -> set[tuple[int, int]]:
    dark = set()
    for x, y, width, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", path):
        assert width == back
        dark |= {(int(x) + step, int(y)) for step in range(int(width))}
    return dark


def test_the_path_fills_the_dark_squares_and_no_other():
    code = qrcode.QRCode()
    code.add_data(TEXT)
    code.make()
    drawn = draw_qr_code(TEXT)
    rows = code.get_matrix()
    assert squares(drawn.path) == {(x, y) for y, row in enumerate(rows) for x, dark in enumerate(row) if dark}
    assert re.fullmatch(r"(M\d+ \d+h\d+v1h-\d+z)+", drawn.path)


def test_there_is_a_margin_of_four_squares():
    """Scanners need it."""
    drawn = draw_qr_code(TEXT)
    assert {min(each) for each in zip(*squares(drawn.path), strict=True)} == {4}
    assert {max(each) for each in zip(*squares(drawn.path), strict=True)} == {drawn.size - 5}
