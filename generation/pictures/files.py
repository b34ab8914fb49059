"""The files of pictures: images as they were stored, overlays drawn once and stored by what they show."""

import hashlib
import json
import logging
import os
from contextlib import suppress
from io import BytesIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from generation.daam.heat_maps import GlobalHeatMap
from generation.errors import PictureError
from generation.pictures.addresses import Picture
from generation.pictures.overlays import draw_overlay_file

logger = logging.getLogger(__name__)

# Drawn otherwise, it is another file.
DRAWING = "1"
# Beside the heat maps, and named after them: they go together.
FOLDER = ".overlays"
HEAT_MAPS = ".npz"


def stored_picture(picture: Picture) -> str:
    """The name of its file in the storage; an overlay that is shown for the first time is drawn.

    Raises PictureError where what it is drawn of is not what was stored, OSError, HeatMapFileError and
    WordNotAttended where it cannot be drawn.
    """
    if not picture.heat_maps:
        return picture.image
    name = _overlay_name(picture)
    if not default_storage.exists(name):
        _store(name, picture, _draw(picture))
    return name


def read_picture(picture: Picture) -> bytes:
    """Its content, an image's held against its hash: another one is never shown in its place. What cannot be
    stored is drawn again and again. Raises as `stored_picture`."""
    if not picture.heat_maps:
        return _verified(picture.image, picture.image_sha256)
    name = _overlay_name(picture)
    try:
        return _read(name)
    except FileNotFoundError:
        content = _draw(picture)
    try:
        _store(name, picture, content)
    except OSError:
        logger.exception("The overlay %s could not be stored.", name)
    return content


def _read(name: str) -> bytes:
    with default_storage.open(name) as file:
        content: bytes = file.read()
    return content


def _store(name: str, picture: Picture, content: bytes) -> None:
    """It is there as a whole or not at all, and not longer than its image."""
    try:
        path = default_storage.path(name)
    except NotImplementedError:  # no folder: a file appears once it is there
        default_storage.save(name, ContentFile(content))
    else:
        part = default_storage.save(f"{name}.part", ContentFile(content))
        os.replace(default_storage.path(part), path)
    if not default_storage.exists(picture.image):
        remove_drawings(picture.heat_maps)


def remove_drawings(heat_maps: str) -> None:
    """All overlays that were drawn of a file of heat maps."""
    *files, folder = drawings_of(heat_maps) or [""]
    for name in files:
        default_storage.delete(name)
    if folder:
        with suppress(OSError):  # something was drawn just now, and takes itself away
            default_storage.delete(folder)


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
    return f"{heat_maps.removesuffix(HEAT_MAPS)}{FOLDER}"


def _overlay_name(picture: Picture) -> str:
    key = json.dumps([DRAWING, *picture.named_by])
    return f"{drawings_folder(picture.heat_maps)}/{hashlib.sha256(key.encode()).hexdigest()[:40]}.webp"


def _draw(picture: Picture) -> bytes:
    image = _verified(picture.image, picture.image_sha256)
    heat_maps = GlobalHeatMap.load(BytesIO(_verified(picture.heat_maps, picture.heat_maps_sha256)))
    heat_map = heat_maps.span(picture.start, picture.end)
    return draw_overlay_file(image, heat_map, display=picture.display)


def _verified(name: str, sha256: str) -> bytes:
    content = _read(name)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PictureError(f"{name} is not the file that was stored when the image was made.")
    return content
