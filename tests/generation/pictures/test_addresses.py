from dataclasses import astuple, replace

import pytest
from django.core.signing import Signer

from generation.pictures.addresses import SALT, Picture, picture_address, picture_at

IMAGE = Picture("generations/1/a dog.png", "1" * 64)
OVERLAY = Picture("generations/1/a.png", "1" * 64, "generations/1/a.npz", "2" * 64, 2, 5)


def signed(picture: Picture) -> str:
    return picture_address(picture).rpartition("/")[2]


@pytest.mark.parametrize("picture", [IMAGE, OVERLAY, replace(OVERLAY, display="veil")])
def test_an_address_says_what_it_shows(picture):
    assert picture_at(signed(picture)) == picture


def test_the_same_picture_has_the_same_address_and_another_one_another():
    pictures = [
        IMAGE,
        OVERLAY,
        replace(OVERLAY, start=3),
        replace(OVERLAY, end=6),
        replace(OVERLAY, display="veil"),
        replace(OVERLAY, display="spotlight"),
        replace(OVERLAY, heat_maps_sha256="3" * 64),
        replace(IMAGE, image_sha256="3" * 64),
    ]
    assert [signed(each) for each in pictures] == [signed(each) for each in pictures]
    assert len({signed(each) for each in pictures}) == len(pictures)


def test_what_was_shown_before_there_were_displays_keeps_its_address():
    """It was signed without one, and drawn as a rainbow."""
    of_before = Signer(salt=SALT).sign_object(astuple(OVERLAY)[:6])
    assert picture_at(of_before) == OVERLAY == replace(OVERLAY, display="rainbow")
    assert signed(OVERLAY) == of_before


@pytest.mark.parametrize(
    "damage", [lambda text: text[:-1], lambda text: text[1:], lambda text: "", lambda text: f"{text}="]
)
def test_what_the_site_did_not_sign_shows_nothing(damage):
    assert picture_at(damage(signed(OVERLAY))) is None


def test_the_signature_is_of_this_sites_key(settings):
    of_another_site = signed(IMAGE)
    settings.SECRET_KEY = "another"
    assert picture_at(of_another_site) is None
