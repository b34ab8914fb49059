"""The files of pictures: images as they were stored, overlays drawn once and stored by what they show."""

import hashlib
import json
from dataclasses import astuple
from io import BytesIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from generation.daam.heat_maps import GlobalHeatMap
from generation.errors import PictureError
from generation.pictures.addresses import Picture
from generation.pictures.overlays import draw_overlay_file

# Drawn otherwise, it is another file.
DRAWING = "1"
# Beside the heat maps, and named after them: they go together.
FOLDER = ".overlays"


def stored_picture(picture: Picture) -> str:
    """The name of its file in the storage; an overlay that is shown for the first time is drawn.

    Raises PictureError where what it is drawn of is not what was stored, OSError, HeatMapFileError and
    WordNotAttended where it cannot be drawn.
    """
    if not picture.heat_maps:
        return picture.image
    name = _overlay_name(picture)
    if not default_storage.exists(name):
        kept = default_storage.save(name, ContentFile(_draw(picture)))
        if kept != name:  # somebody else drew it at the same moment
            default_storage.delete(kept)
    return name


def read_picture(picture: Picture) -> bytes:
    """Its content, an image's held against its hash: another one is never shown in its place. Raises as
    `stored_picture`."""
    if not picture.heat_maps:
        return _verified(picture.image, picture.image_sha256)
    with default_storage.open(stored_picture(picture)) as file:
        content: bytes = file.read()
    return content


def drawings_of(heat_maps: str) -> list[str]:
    """The names of all overlays that were drawn of a file of heat maps, and of the folder that they are in,
    which is to be deleted behind them."""
    folder = drawings_folder(heat_maps)
    try:
        _, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return []
    return [*(f"{folder}/{name}" for name in files), folder]


def drawings_folder(heat_maps: str) -> str:
    return f"{heat_maps.removesuffix('.npz')}{FOLDER}"


def _overlay_name(picture: Picture) -> str:
    key = json.dumps([DRAWING, *astuple(picture)])
    return f"{drawings_folder(picture.heat_maps)}/{hashlib.sha256(key.encode()).hexdigest()[:40]}.webp"


def _draw(picture: Picture) -> bytes:
    image = _verified(picture.image, picture.image_sha256)
    heat_maps = GlobalHeatMap.load(BytesIO(_verified(picture.heat_maps, picture.heat_maps_sha256)))
    return draw_overlay_file(image, heat_maps.span(picture.start, picture.end))


def _verified(name: str, sha256: str) -> bytes:
    with default_storage.open(name) as file:
        content: bytes = file.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PictureError(f"{name} is not the file that was stored when the image was made.")
    return content
