import pytest
from django.core.management import CommandError, call_command

from annotations.kinds.registry import get_kind
from annotations.management.commands import build_study
from annotations.models import Study
from tests.annotations.commands.progress import record_progress
from tests.factories import make_cohyponym_prompt_set, make_prompt_set, make_run

pytestmark = pytest.mark.django_db


def build(*arguments: str) -> None:
    call_command("build_study", *arguments)


def test_an_attribution_study_with_every_option(capsys):
    run = make_run()
    build(
        "attribution", "--study", "likert", "--run", run.name, "--replicas", "5", "--title", "Words",
        "--share-cap", "0.16", "--expected-annotators", "12", "--check-every", "5", "--lease-minutes", "17",
        "--seed", "3", "--parts-of-speech", "NOUN, ADJ", "--words-per-image", "1", "--display", "rainbow",
        "--exclude-failed-checks",
    )  # fmt: skip
    study = Study.objects.get(name="likert")
    assert study.state == Study.State.DRAFT
    assert (study.kind, study.run, study.title) == ("attribution", run, "Words")
    assert (study.replicas, study.share_cap, study.lease_minutes) == (5, 0.16, 17)
    assert (study.expected_annotators, study.check_every) == (12, 5)
    assert study.options == {
        "parts_of_speech": ["ADJ", "NOUN"], "words_per_image": 1, "display": "rainbow",
        "exclude_failed_checks": True,
    }  # fmt: skip
    assert study.recipe == {"seed": 3, "allow_unfinished": False}
    assert capsys.readouterr().out == "'likert': 1 tasks × 5 places. Open it with open_study.\n"


def test_a_study_in_several_languages():
    run = make_run()
    build(
        "attribution", "--study", "likert", "--run", run.name, "--language", "DE", "--prompt-language", "es",
        "--reviewed-by", "Ada", "--languages", "en, zh-Hans",
    )  # fmt: skip
    study = Study.objects.get()
    assert (study.language, study.prompt_language, study.reviewed_by) == ("de", "es", "Ada")
    assert study.title == get_kind("attribution").translations["de"].texts.title
    assert list(study.translations.values_list("language", flat=True)) == ["en", "zh-hans"]


def test_a_study_of_object_presence_by_default_has_three_annotators_per_task():
    run = make_run(make_cohyponym_prompt_set())
    build("object_presence", "--study", "objects", "--run", run.name, "--objects", "cat,dog,bus")
    study = Study.objects.get()
    assert (study.replicas, study.check_every, study.expected_annotators) == (3, 10, None)
    assert study.options == {"objects": ["bus", "cat", "dog"]}
    with pytest.raises(CommandError, match="has no option exclude_failed_checks"):
        build("object_presence", "--study", "more", "--run", run.name, "--exclude-failed-checks")


def test_the_checks_are_counted_apart(capsys):
    words = [("dog", "NOUN", "target"), ("sat", "VERB", "target"), (".", "PUNCT", "attention_check")]
    run = make_run(make_prompt_set([("A dog sat.", words)]))
    build("attribution", "--study", "likert", "--run", run.name)
    assert "'likert': 2 tasks × 3 places and 1 checks. " in capsys.readouterr().out
    study = Study.objects.get()
    assert (study.items, study.checks) == (2, 1)


def test_what_was_left_out_is_said(capsys):
    run = make_run(make_prompt_set([("dog cat", [("dog", "NOUN", ""), ("cat", "NOUN", "")])]), attended=1)
    build("attribution", "--study", "likert", "--run", run.name)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("left out: ")
    assert "cat" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--run", "no such"), "There is no generation run named 'no such'."),
        (("--objects", "dog"), "A study of attribution has no option objects; it has parts_of_speech"),
        (("--display", "fog"), "argument --display: invalid choice: 'fog' (choose from"),
        (("--words-per-image", "0"), "words_per_image: Ensure this value is greater than or equal to 1"),
        (("--replicas", "0"), "replicas: "),
        (("--share-cap", "nan"), "share_cap: "),
        (("--share-cap", "0"), "share_cap: "),
        (("--expected-annotators", "0"), "expected_annotators: "),
        (("--check-every", "1"), "check_every: "),
        (("--lease-minutes", "0"), "lease_minutes: "),
        (("--language", "german!"), "language: “german!” is no tag of a language"),
        (("--languages", "de,ar"), "do not speak 'ar' by themselves, but en, de, es, zh-hans; add other"),
        (("--seed", "-1"), "seed "),
        (("--study", ""), "name: "),
    ],
)
def test_bad_input_is_one_clear_line_and_nothing_is_made(arguments, message):
    run = make_run()
    with pytest.raises(CommandError) as caught:
        build("attribution", "--study", "likert", "--run", run.name, *arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not Study.objects.exists()


def test_unfinished_images_are_refused_unless_allowed(capsys):
    run = make_run(seeds=(0, 1))
    run.generations.filter(seed=1).update(state="queued", finished_at=None)
    with pytest.raises(CommandError, match="1 of 2 images"):
        build("attribution", "--study", "likert", "--run", run.name)
    build("attribution", "--study", "likert", "--run", run.name, "--allow-unfinished")
    assert {task.generation.seed for task in Study.objects.get().tasks.all()} == {0}
    assert "left out: Prompt '0', seed 1: the image is waiting\n" in capsys.readouterr().err


def test_the_progress_of_reading_heat_maps_is_drawn(monkeypatch):
    drawn = record_progress(monkeypatch, build_study)
    build("attribution", "--study", "likert", "--run", make_run(seeds=(0, 1)).name)
    assert drawn == [2, 1, 1]


def test_an_unknown_kind_is_refused():
    with pytest.raises(CommandError, match="invalid choice: 'riddle'"):
        build("riddle", "--study", "likert", "--run", "run")
