"""The gallery's pages follow each other by keys."""

import pytest

from generation import gallery
from generation.gallery import gallery_page
from tests.factories import make_prompt_set, make_run

pytestmark = pytest.mark.django_db
DOG = ("A dog.", [("dog", "NOUN", "")])


@pytest.fixture
def run(monkeypatch):
    """Of four prompts with three images each, five on a page."""
    monkeypatch.setattr(gallery, "IMAGES_PER_PAGE", 5)
    return make_run(make_prompt_set([DOG] * 4), seeds=(0, 3, 2**63 - 1), finished=False)


def asked(query: str) -> dict[str, str]:
    return dict([query.removeprefix("?").split("=")]) if query else {}


def test_going_on_shows_every_image_once_in_order_and_going_back_the_same_pages(run):
    in_order = list(run.generations.order_by("prompt__position", "seed"))
    pages = [gallery_page(run, {})]
    while pages[-1].later:
        pages.append(gallery_page(run, asked(pages[-1].later)))
    assert [image for page in pages for image in page.images] == in_order
    assert [len(page.images) for page in pages] == [5, 5, 2]
    back = [pages[-1]]
    while back[-1].earlier:
        back.append(gallery_page(run, asked(back[-1].earlier)))
    assert [page.images for page in back] == [page.images for page in reversed(pages)]


def test_a_page_leads_to_itself(run):
    second = gallery_page(run, asked(gallery_page(run, {}).later))
    back = gallery_page(run, asked(gallery_page(run, asked(second.later)).earlier))
    for page in (second, back):
        assert gallery_page(run, asked(page.here)) == page


def test_going_back_past_the_beginning_is_the_first_page_and_a_whole_one(run):
    third = run.generations.order_by("prompt__position", "seed")[2]
    assert gallery_page(run, {"before": f"{third.prompt.position}.{third.seed}"}) == gallery_page(run, {})


@pytest.mark.parametrize(
    "text", ["", "x", "1", "1.", ".1", "-1.0", "1.0.0", "1e9.0", "9" * 5000 + ".1", f"{2**63}.0", "0.٣٤x"]
)
@pytest.mark.parametrize("side", ["after", "before"])
def test_what_no_page_asks_for_is_the_first_page(run, side, text):
    assert gallery_page(run, {side: text}) == gallery_page(run, {})


def test_a_run_without_images_has_an_empty_page():
    page = gallery_page(make_run(make_prompt_set([]), finished=False), {})
    assert (page.images, page.here, page.earlier, page.later) == ([], "", "", "")


def test_a_page_asks_the_database_once(run, django_assert_num_queries):
    with django_assert_num_queries(1):
        for image in gallery_page(run, {"after": "1.3"}).images:
            assert image.prompt.text
