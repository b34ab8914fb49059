"""Where a task's pictures are: the image, and the image with the word's heat map over it."""

from dataclasses import dataclass, replace

from annotations.selectors import ShownTask
from generation.pictures.addresses import OF_BEFORE, Picture, picture_address


@dataclass(frozen=True)
class Pictures:
    """Addresses. overlay: empty for a task without a word."""

    image: str
    overlay: str = ""

    def __str__(self) -> str:
        return f"{self.image} {self.overlay}".strip()


def pictures_of(task: ShownTask) -> Pictures:
    image = Picture(task.image, task.image_sha256)
    if task.word is None:
        return Pictures(picture_address(image))
    overlay = replace(
        image,
        heat_maps=task.heat_maps,
        heat_maps_sha256=task.heat_maps_sha256,
        start=task.payload["start"],
        end=task.payload["end"],
        display=task.payload.get("display", OF_BEFORE),
    )
    return Pictures(picture_address(image), picture_address(overlay))
