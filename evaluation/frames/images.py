"""Finished images with their prompts' words and their heat maps, one after another."""

from collections.abc import Iterator, Sequence

from django.db.models import Prefetch, QuerySet

from annotations.kinds.interface import Tell
from evaluation.inputs import Image, ImageWord
from generation.models import Generation, Word
from generation.selectors import read_heat_maps

READ_AT_ONCE = 100  # images' rows; their maps are read one by one


class StoredImages:
    """Those of the generations that are finished now, by prompt and seed. Files of an image never change, so
    what is read later belongs to the rows that were found; words may be parsed anew meanwhile, which their
    fingerprint tells.

    `tell` hears after every image how many were read, and of how many.
    """

    def __init__(self, generations: QuerySet[Generation], tell: Tell):
        finished = generations.filter(state=Generation.State.DONE)
        order = ("prompt__position", "seed", "pk")
        self._found: Sequence[int] = list(finished.order_by(*order).values_list("pk", flat=True))
        self._tell = tell

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Image]:
        for first in range(0, len(self._found), READ_AT_ONCE):
            some = self._found[first : first + READ_AT_ONCE]
            words = Prefetch("prompt__words", Word.objects.select_related("head").order_by("position"))
            rows = Generation.objects.select_related("prompt").prefetch_related(words).in_bulk(some)
            for number, pk in enumerate(some, start=first + 1):
                yield _image(rows[pk])
                self._tell(number, len(self._found))


def _image(generation: Generation) -> Image:
    prompt = generation.prompt
    return Image(
        generation=generation.pk,
        seed=generation.seed,
        prompt_id=prompt.external_id,
        prompt=prompt.text,
        words=tuple(_word(word) for word in prompt.words.all()),
        heat_maps=read_heat_maps(generation),
    )


def _word(word: Word) -> ImageWord:
    return ImageWord(
        position=word.position,
        start=word.start,
        end=word.end,
        text=word.text,
        lemma=word.lemma,
        part_of_speech=word.part_of_speech,
        relation=word.relation,
        enhanced_relation=word.enhanced_relation,
        head=None if word.head is None else word.head.position,
    )
