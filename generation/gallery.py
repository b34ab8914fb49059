"""A run's images, page by page, by keys: a page costs the same however many images there are before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from generation.models import Generation, GenerationRun

IMAGES_PER_PAGE = 48
LARGEST = 2**63 - 1  # that databases compare with
LONGEST = 2 * len(str(LARGEST)) + 1

# The position of an image's prompt, and its seed.
Key = tuple[int, int]


@dataclass(frozen=True)
class GalleryPage:
    """`here`, `earlier`, `later`: queries that lead to this page, and to those beside it where there are
    any."""

    images: Sequence[Generation]
    here: str
    earlier: str
    later: str


def gallery_page(run: GenerationRun, asked: Mapping[str, str]) -> GalleryPage:
    """By prompt and seed. `asked`: "after" or "before" which image, as a page's queries say; the first page
    where neither says anything."""
    backwards = "before" in asked
    side = "before" if backwards else "after"
    key = _key(asked.get(side, ""))
    images = Generation.objects.filter(run=run, prompt__prompt_set=run.prompt_set_id)
    if key is not None:
        images = images.filter(_beyond(key, backwards))
    order = ("-prompt__position", "-seed") if backwards else ("prompt__position", "seed")
    found = list(images.select_related("prompt").order_by(*order)[: IMAGES_PER_PAGE + 1])
    more, found = len(found) > IMAGES_PER_PAGE, found[:IMAGES_PER_PAGE]
    if backwards and (key is None or not more):
        return gallery_page(run, {})  # the first page, and a whole one
    if backwards:
        found.reverse()
    return GalleryPage(
        images=found,
        here="" if key is None else f"?{side}={_text(key)}",
        earlier=f"?before={_text(_key_of(found[0]))}" if found and key is not None else "",
        later=f"?after={_text(_key_of(found[-1]))}" if more or backwards else "",
    )


def _beyond(key: Key, backwards: bool) -> Q:
    """The first condition alone is what an index is searched by."""
    position, seed = key
    beyond, to = ("lt", "lte") if backwards else ("gt", "gte")
    further = Q(**{f"prompt__position__{beyond}": position}) | Q(**{f"seed__{beyond}": seed})
    return Q(**{f"prompt__position__{to}": position}) & further


def _key_of(image: Generation) -> Key:
    return image.prompt.position, image.seed


def _text(key: Key) -> str:
    return "{}.{}".format(*key)


def _key(text: str) -> Key | None:
    """None for what no page's query says."""
    position, _, seed = text.partition(".")
    if len(text) > LONGEST or not (position.isdecimal() and seed.isdecimal()):
        return None
    key = int(position), int(seed)
    return key if max(key) <= LARGEST else None
