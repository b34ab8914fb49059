from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from daamweb.projects.models import Role
from generation.models import Checkpoint, Generation, GenerationRun, Word
from generation.services.generations import claim_generations
from tests.factories import DOG, make_project, make_prompt_set, make_run

pytestmark = pytest.mark.django_db
State = Generation.State
CAT = ("A cat <b>& friends</b>.", [("cat", "NOUN", "target")])


def run_page(run: GenerationRun) -> str:
    return reverse("generation:run", args=[run.pk])


def image_page(generation: Generation) -> str:
    return reverse("generation:generation", args=[generation.pk])


def overlay_address(generation: Generation, text: str) -> str:
    word = generation.prompt.words.get(text=text)
    return reverse("generation:overlay", args=[generation.pk, word.pk])


def addresses(generation: Generation) -> list[str]:
    return [
        run_page(generation.run),
        image_page(generation),
        reverse("generation:image", args=[generation.pk]),
        overlay_address(generation, "dog"),
    ]


def text_of(response) -> str:
    return response.content.decode()


# --- Who may look ------------------------------------------------------------------------------------------


def test_strangers_are_asked_to_log_in(client):
    run = make_run()
    for address in addresses(run.generations.get()):
        response = client.get(address)
        assert (response.status_code, response.url) == (302, f"/admin/login/?next={address}")
    retry = client.post(reverse("generation:retry", args=[run.pk]))
    assert (retry.status_code, retry.url.split("?")[0]) == (302, "/admin/login/")


def test_who_is_not_in_the_project_finds_nothing(member_client):
    generation = make_run().generations.get()
    for client in (member_client(None), member_client(Role.OWNER, make_project())):
        assert [client.get(address).status_code for address in addresses(generation)] == [404] * 4
        assert client.post(reverse("generation:retry", args=[generation.run_id])).status_code == 404


def test_observers_look_and_may_not_retry(member_client, pokes):
    generation = make_run().generations.get()
    run = make_run(finished=False)
    run.generations.fail_claimable("boom")
    client = member_client(Role.OBSERVER)
    assert [client.get(address).status_code for address in addresses(generation)] == [200] * 4
    assert "Try the failed ones again" not in text_of(client.get(run_page(run)))
    assert client.post(reverse("generation:retry", args=[run.pk])).status_code == 403
    assert run.generations.get().state == State.FAILED
    assert pokes == []


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.OWNER])
def test_researchers_and_owners_may_retry(member_client, pokes, role):
    run = make_run(finished=False)
    run.generations.fail_claimable("boom")
    client = member_client(role)
    assert "Try the failed ones again" in text_of(client.get(run_page(run)))
    assert client.post(reverse("generation:retry", args=[run.pk])).status_code == 302
    assert run.generations.get().state == State.QUEUED


def test_looking_changes_nothing(researcher_client, pokes):
    run = make_run(finished=False)
    run.generations.fail_claimable("boom")
    before = list(Generation.objects.values()), list(GenerationRun.objects.values())
    for address in (run_page(run), image_page(run.generations.get())):
        assert researcher_client.get(address).status_code == 200
    assert researcher_client.get(reverse("generation:retry", args=[run.pk])).status_code == 405
    assert researcher_client.post(run_page(run)).status_code == 405
    assert (list(Generation.objects.values()), list(GenerationRun.objects.values())) == before
    assert pokes == []


def test_what_is_not_there_is_not_found(researcher_client):
    queued = make_run(finished=False).generations.get()
    word = queued.prompt.words.first()
    for name, args in [
        ("run", [0]),
        ("generation", [0]),
        ("image", [0]),
        ("image", [queued.pk]),  # not made yet
        ("overlay", [queued.pk, word.pk]),
        ("overlay", [make_run().generations.get().pk, word.pk]),  # another prompt's word
    ]:
        assert researcher_client.get(reverse(f"generation:{name}", args=args)).status_code == 404, name
    assert researcher_client.post(reverse("generation:retry", args=[0])).status_code == 404


# --- A run -------------------------------------------------------------------------------------------------


def test_gallery_shows_every_image_with_its_prompt(researcher_client):
    run = make_run(make_prompt_set([DOG, CAT]), seeds=[0, 5])
    page = text_of(researcher_client.get(run_page(run)))
    for generation in run.generations.all():
        assert reverse("generation:image", args=[generation.pk]) in page
        assert image_page(generation) in page
    assert "4 of 4 images made" in page
    assert "seed 5" in page
    assert "A cat &lt;b&gt;&amp; friends&lt;/b&gt;." in page


def test_gallery_says_what_waits_and_what_failed_and_why(researcher_client):
    run = make_run(make_prompt_set([DOG] * 3), finished=False)
    claim_generations(run=run, limit=1)
    failed = run.generations.order_by("-pk").first()
    Generation.objects.filter(pk=failed.pk).fail_claimable("CUDA out of memory")
    page = text_of(researcher_client.get(run_page(run)))
    for word in ("queued", "running", "failed", "CUDA out of memory", "0 of 3 images made", "1 failed"):
        assert word in page
    assert "Try the failed ones again" in page
    assert reverse("generation:image", args=[failed.pk]) not in page


def test_gallery_comes_in_pages(researcher_client):
    run = make_run(make_prompt_set([DOG] * 7), seeds=range(10), finished=False)
    first, last = (text_of(researcher_client.get(f"{run_page(run)}{query}")) for query in ("", "?after=4.7"))
    assert [page.count("<li class=") for page in (first, last)] == [48, 22]
    assert ('href="?after=4.7"' in first, "?before=" in first) == (True, False)
    assert ("?after=" in last.replace('hx-get="?after=4.7"', ""), 'href="?before=4.8"' in last) == (
        False,
        True,
    )


def test_gallery_takes_as_many_queries_for_many_images_as_for_one(
    researcher_client, django_assert_max_num_queries
):
    run = make_run(make_prompt_set([DOG] * 40))
    with django_assert_max_num_queries(10):
        page = researcher_client.get(run_page(run))
    assert text_of(page).count('<img src="/generation/images/') == 40


def test_page_asks_again_while_images_are_made_and_only_then(researcher_client):
    run = make_run(make_prompt_set([DOG] * 60), finished=False)
    page = researcher_client.get(f"{run_page(run)}?after=47.0")
    assert 'hx-get="?after=47.0" hx-trigger="every 3s"' in text_of(page)
    assert "HX-Request" in page["Vary"]
    part = researcher_client.get(f"{run_page(run)}?after=47.0", headers={"HX-Request": "true"})
    assert text_of(part).startswith('<div id="run-images"')
    assert "<html" not in text_of(part)
    assert 'hx-trigger="every 3s"' in text_of(part)
    run.generations.fail_claimable("boom")
    assert "hx-trigger" not in text_of(
        researcher_client.get(f"{run_page(run)}?after=47.0", headers={"HX-Request": "true"})
    )
    assert "hx-trigger" not in text_of(researcher_client.get(run_page(run)))


def test_retry_queues_the_failed_ones_and_wakes_workers(
    researcher_client, pokes, django_capture_on_commit_callbacks
):
    run = make_run(make_prompt_set([DOG] * 2), finished=False)
    run.generations.fail_claimable("boom")
    with django_capture_on_commit_callbacks(execute=True):
        response = researcher_client.post(reverse("generation:retry", args=[run.pk]))
    assert (response.status_code, response.url) == (302, run_page(run))
    assert set(run.generations.values_list("state", "error")) == {(State.QUEUED, "")}
    assert pokes == [("generation.jobs.generate_batch", (run.pk,))] * 2


def test_retry_needs_the_token_of_a_form(researcher):
    run = make_run(finished=False)
    client = Client(enforce_csrf_checks=True)
    client.force_login(researcher)
    assert client.post(reverse("generation:retry", args=[run.pk])).status_code == 403


# --- An image ----------------------------------------------------------------------------------------------


def test_image_is_shown_with_the_heat_map_of_every_word(researcher_client):
    generation = make_run().generations.get()
    Generation.objects.update(checkpoint_revision="c0ffee", versions={"torch": "2.13.0"})
    Checkpoint.objects.update(name="renamed", source="owner/renamed")
    page = text_of(researcher_client.get(image_page(generation)))
    for word in generation.prompt.words.all():
        assert overlay_address(generation, word.text) in page
        assert f"Heat map of “{word.text}”" in page
    for origin in ("c0ffee", "2.13.0", generation.image_sha256, generation.heat_maps_sha256):
        assert origin in page
    assert f"{generation.run.checkpoint_name} (tiny)" in page
    for shown in (page, text_of(researcher_client.get(run_page(generation.run)))):
        assert generation.run.checkpoint_name in shown
        assert "renamed" not in shown


def test_names_are_shown_as_text(researcher_client):
    run = make_run()
    GenerationRun.objects.update(checkpoint_name="<b>bold</b>", checkpoint_source="<i>")
    for address in (run_page(run), image_page(run.generations.get())):
        page = text_of(researcher_client.get(address))
        assert "&lt;b&gt;bold&lt;/b&gt;" in page
        assert "<b>bold" not in page
        assert "<i>" not in page


def test_word_beyond_the_encoder_is_named_and_has_no_overlay(researcher_client):
    generation = make_run(attended=2).generations.get()
    page = text_of(researcher_client.get(image_page(generation)))
    assert overlay_address(generation, "dog") in page
    assert overlay_address(generation, "red") not in page
    assert page.count("beyond the text encoder's length") == 2
    assert researcher_client.get(overlay_address(generation, "red")).status_code == 404


def test_files_are_served_to_keep(researcher_client):
    generation = make_run().generations.get()
    image = researcher_client.get(reverse("generation:image", args=[generation.pk]))
    with generation.image.open("rb") as file:
        assert b"".join(image.streaming_content) == file.read()
    overlay = researcher_client.get(overlay_address(generation, "dog"))
    assert (image["Content-Type"], overlay["Content-Type"]) == ("image/png", "image/webp")
    for response in (image, overlay):
        assert "private" in response["Cache-Control"]
        assert "immutable" in response["Cache-Control"]
    red = researcher_client.get(overlay_address(generation, "red"))
    assert red.content != overlay.content


def test_image_page_takes_as_many_queries_for_many_words_as_for_one(
    researcher_client, django_assert_max_num_queries
):
    text = " ".join(f"cat{number}" for number in range(30))
    run = make_run(make_prompt_set([(text, [(word, "NOUN", "") for word in text.split()])]))
    root = Word.objects.first()
    Word.objects.exclude(pk=root.pk).update(head=root, enhanced_relation="conj")
    with django_assert_max_num_queries(8):
        page = researcher_client.get(image_page(run.generations.get()))
    assert text_of(page).count("/overlays/") == 30
    assert text_of(page).count("conj → cat0") == 29


def test_image_whose_prompt_has_no_words_says_so(researcher_client):
    run = make_run(make_prompt_set([("a cat", [])]))
    page = text_of(researcher_client.get(image_page(run.generations.get())))
    assert "the prompt has no words yet" in page


def test_unfinished_image_says_how_far_it_is(researcher_client):
    generation = make_run(finished=False).generations.get()
    assert "queued" in text_of(researcher_client.get(image_page(generation)))
    Generation.objects.update(state=State.FAILED, error="boom", finished_at=timezone.now())
    page = text_of(researcher_client.get(image_page(generation)))
    assert "failed" in page
    assert "boom" in page


def test_lost_or_damaged_files_are_told_and_not_a_crash(researcher_client):
    generation = make_run().generations.get()
    with open(generation.heat_maps.path, "wb") as file:
        file.write(b"nonsense")
    page = researcher_client.get(image_page(generation))
    assert page.status_code == 200
    assert "The heat maps cannot be read" in text_of(page)
    assert researcher_client.get(overlay_address(generation, "dog")).status_code == 404
    generation.image.storage.delete(generation.image.name)
    generation.heat_maps.storage.delete(generation.heat_maps.name)
    assert "The heat maps cannot be read" in text_of(researcher_client.get(image_page(generation)))
    for address in addresses(generation)[2:]:
        assert researcher_client.get(address).status_code == 404


def test_dropped_generation_does_not_stop_the_page_from_asking(researcher_client):
    run = make_run(finished=False)
    claim_generations(run=run, limit=1)
    run.generations.update(lease_expires_at=timezone.now() - timedelta(hours=1))
    assert "hx-trigger" in text_of(researcher_client.get(run_page(run)))
