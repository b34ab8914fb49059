"""Addresses that prove the right to see a picture: whoever is shown a page is given them, signed by the site.

An address names files by their content's hashes, so what it shows never changes, and no row has to be read to
show it.
"""

from dataclasses import astuple, dataclass
from functools import cache

from django.core.signing import BadSignature, Signer
from django.urls import get_script_prefix, reverse

SALT = "generation.pictures"
# How every overlay was drawn before there were several ways.
OF_BEFORE = "rainbow"


@dataclass(frozen=True)
class Picture:
    """An image, by its name in the storage and its hash; with heat maps: over it that of the characters
    [start, end) of its prompt, drawn as `display` says (one of generation.daam.displays.DISPLAYS)."""

    image: str
    image_sha256: str
    heat_maps: str = ""
    heat_maps_sha256: str = ""
    start: int = 0
    end: int = 0
    display: str = OF_BEFORE

    @property
    def named_by(self) -> tuple[str | int, ...]:
        """What its address and an overlay's file are made of. What was drawn before there were several ways
        keeps its address and its file: the way is no part of it."""
        if not self.heat_maps:
            return self.image, self.image_sha256
        values = astuple(self)
        return values[:-1] if self.display == OF_BEFORE else values


def picture_address(picture: Picture) -> str:
    """The same one for the same picture, so that a browser keeps what it was sent."""
    return _beginning(get_script_prefix()) + Signer(salt=SALT).sign_object(picture.named_by)


@cache
def _beginning(prefix: str) -> str:
    return reverse("generation:picture", args=["0"]).removesuffix("0")


def picture_at(signed: str) -> Picture | None:
    """What an address shows; None if the site did not sign it."""
    try:
        return Picture(*Signer(salt=SALT).unsign_object(signed))
    except BadSignature:
        return None
