"""Addresses that prove the right to see a picture: whoever is shown a page is given them, signed by the site.

An address names files by their content's hashes, so what it shows never changes, and no row has to be read to
show it.
"""

from dataclasses import astuple, dataclass

from django.core.signing import BadSignature, Signer
from django.urls import reverse

SALT = "generation.pictures"


@dataclass(frozen=True)
class Picture:
    """An image, by its name in the storage and its hash; with heat maps: over it that of the characters
    [start, end) of its prompt."""

    image: str
    image_sha256: str
    heat_maps: str = ""
    heat_maps_sha256: str = ""
    start: int = 0
    end: int = 0


def picture_address(picture: Picture) -> str:
    """The same one for the same picture, so that a browser keeps what it was sent."""
    shown = astuple(picture) if picture.heat_maps else (picture.image, picture.image_sha256)
    return reverse("generation:picture", args=[Signer(salt=SALT).sign_object(shown)])


def picture_at(signed: str) -> Picture | None:
    """What an address shows; None if the site did not sign it."""
    try:
        return Picture(*Signer(salt=SALT).unsign_object(signed))
    except BadSignature:
        return None
