import re

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from annotations.errors import StudyError
from annotations.kinds.attribution import Attribution
from annotations.kinds.attribution.displays import DISPLAYS, LEGENDS
from annotations.kinds.attribution.wordings import SCALE
from annotations.kinds.cleaning import clean_options
from annotations.models import Study
from generation.daam.displays import DISPLAYS as DRAWN
from generation.models import Word
from tests.factories import DOG, make_prompt_set, make_run

TWO_DOGS = (
    "a dog and a dog",
    [("a", "DET", ""), ("dog", "NOUN", ""), ("and", "CCONJ", ""), ("a", "DET", ""), ("dog", "NOUN", "")],
)
WITH_ROLES = (
    "Two cats sleep.",
    [
        ("Two", "NUM", ""),
        ("cats", "NOUN", "target"),
        ("sleep", "VERB", ""),
        (".", "PUNCT", "attention_check"),
    ],
)
WITHOUT_ROLES = ("A red bus", [("A", "DET", ""), ("red", "ADJ", ""), ("bus", "NOUN", "")])

kind = Attribution()


def draft(*prompts, seeds=(0,), **options):
    run = make_run(make_prompt_set(prompts), seeds=seeds)
    return kind.draft_tasks(list(run.generations.order_by("pk")), clean_options(kind, options))


def payload_of(prompt="a dog and a dog", start=12, end=15):
    return {
        "prompt": prompt,
        "start": start,
        "end": end,
        "word": prompt[start:end],
        "part_of_speech": "NOUN",
        "display": "spotlight",
    }


def words_of(drafts):
    return [draft.word.text for draft in drafts]


@pytest.mark.django_db
def test_every_word_but_punctuation_is_rated_when_none_is_marked():
    assert words_of(draft(DOG)) == ["A", "dog", "red"]


@pytest.mark.django_db
def test_every_image_of_a_prompt_has_its_own_tasks():
    drafts = draft(DOG, seeds=(0, 1))
    assert [(draft.generation.seed, draft.word.text) for draft in drafts] == [
        (0, "A"), (0, "dog"), (0, "red"), (1, "A"), (1, "dog"), (1, "red"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_marked_words_are_items_and_marked_checks_are_checks():
    drafts = draft(WITH_ROLES, WITHOUT_ROLES)
    assert [(draft.word.text, draft.role, draft.variant) for draft in drafts] == [
        ("cats", "item", ""), (".", "check", ""),
    ]  # fmt: skip


@pytest.mark.django_db
def test_the_payload_tells_two_equal_words_apart():
    first, second = draft(TWO_DOGS, parts_of_speech=["NOUN"])
    assert first.payload == {
        "prompt": "a dog and a dog", "start": 2, "end": 5, "word": "dog", "part_of_speech": "NOUN",
        "display": "veil",
    }  # fmt: skip
    assert (second.payload["start"], second.payload["end"]) == (12, 15)


@pytest.mark.django_db
def test_words_of_other_parts_of_speech_are_not_asked_about():
    assert words_of(draft(DOG, parts_of_speech=["noun", "ADJ"])) == ["dog", "red"]


@pytest.mark.django_db
def test_a_part_of_speech_that_no_word_has_is_refused():
    with pytest.raises(StudyError, match="No word to rate is VERB"):
        draft(DOG, parts_of_speech=["VERB"])


@pytest.mark.django_db
def test_words_per_image_draws_the_same_words_each_time_and_keeps_the_checks():
    run = make_run(make_prompt_set([WITH_ROLES, TWO_DOGS]))
    Word.objects.filter(role=Word.Role.TARGET).update(role=Word.Role.NONE)
    generations = list(run.generations.order_by("pk"))
    drafts = [kind.draft_tasks(generations, clean_options(kind, {"words_per_image": 2})) for _ in range(2)]
    assert words_of(drafts[0]) == words_of(drafts[1])
    assert [draft.role for draft in drafts[0]] == ["item", "item", "check", "item", "item"]


@pytest.mark.django_db
def test_words_per_image_draws_different_words_for_different_images():
    drafts = draft(TWO_DOGS, seeds=range(20), words_per_image=1)
    assert len(drafts) == 20
    assert len({draft.word.position for draft in drafts}) > 1


@pytest.mark.django_db
def test_words_beyond_the_text_encoder_are_left_out_and_listed():
    run = make_run(make_prompt_set([DOG]), seeds=[7], attended=2)
    drafts = kind.draft_tasks(list(run.generations.all()), clean_options(kind, {}))
    assert words_of(drafts) == ["A", "dog"]
    (line,) = drafts.left_out
    assert "'0', seed 7" in line
    assert "'red'" in line


@pytest.mark.django_db
def test_a_study_without_a_word_that_was_read_is_refused():
    run = make_run(make_prompt_set([DOG]), attended=0)
    with pytest.raises(StudyError, match="3 have no heat map"):
        kind.draft_tasks(list(run.generations.all()), clean_options(kind, {}))


@pytest.mark.django_db
@pytest.mark.parametrize("words", [[], [(".", "PUNCT", "attention_check")]])
def test_a_study_without_words_to_rate_is_refused(words):
    with pytest.raises(StudyError, match="no words to rate"):
        draft(("A dog.", words))


@pytest.mark.django_db
def test_a_heat_map_file_that_is_gone_is_named():
    run = make_run(make_prompt_set([DOG]))
    generation = run.generations.get()
    generation.heat_maps.storage.delete(generation.heat_maps.name)
    with pytest.raises(StudyError, match=generation.heat_maps.name):
        kind.draft_tasks([generation], clean_options(kind, {}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parts_of_speech": 7}, "list of texts"),
        ({"parts_of_speech": []}, "list of texts"),
        ({"words_per_image": 0}, "greater than or equal to 1"),
        ({"words_per_image": True}, "whole number"),
        ({"exclude_failed_checks": "no"}, "must be true or false"),
        ({"display": "fog"}, "display: .*fog is not one of the available choices"),
        ({"display": 7}, "display: .*7 is not one of the available choices"),
        ({"objects": ["cat"]}, "no option objects"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(StudyError, match=message):
        clean_options(kind, options)


@pytest.mark.parametrize("choice", [str(number) for number in SCALE])
def test_the_seven_choices_are_answers(choice):
    form = kind.answer_form(payload_of(), {"choice": choice})
    assert form.is_valid()
    assert form.cleaned_data == {"choice": int(choice)}


@pytest.mark.parametrize("choice", ["0", "8", "-1", "1.5", "good", "1e0", "¹"])
def test_any_other_choice_is_refused_by_name(choice):
    form = kind.answer_form(payload_of(), {"choice": choice})
    assert form.errors == {"choice": [f"“{choice}” is not one of the seven answers; choose one from 1 to 7."]}


def test_no_choice_is_refused():
    assert kind.answer_form(payload_of(), {}).errors == {"choice": ["Choose one of the seven answers."]}


def test_the_form_marks_the_exact_occurrence():
    form = kind.answer_form(payload_of())
    assert (form.before, form.word, form.after) == ("a dog and a ", "dog", "")


def test_a_stored_answer_is_filled_in():
    assert kind.answer_form(payload_of(), initial={"choice": 3})["choice"].value() == 3


@pytest.mark.parametrize(
    ("choice", "words"),
    [(1, "bad"), (5, "excellent"), (6, "image too poor"), (7, "word too abstract or missing")],
)
def test_a_stored_answer_is_told_in_the_words_of_the_page(choice, words):
    assert kind.in_words({"choice": choice}) == words


@pytest.mark.parametrize(("replicas", "needed"), [(1, 1), (2, 2), (3, 2), (5, 2)])
def test_a_word_is_scored_by_two_ratings_or_by_one_where_there_is_one(replicas, needed):
    plan = kind.analysis_settings(clean_options(kind, {"exclude_failed_checks": True}), replicas)
    assert plan == {"confidence": 0.95, "min_valid": needed, "exclude_failed_checks": True}
    assert kind.answers_needed({"replicas": replicas, "analysis": plan}) == needed


def test_the_export_has_a_value_for_each_column():
    row = kind.export(payload_of(), {"choice": 7})
    assert list(row) == [column.name for column in kind.columns]
    assert row == {
        "word": "dog", "start": 12, "end": 15, "part_of_speech": "NOUN", "display": "spotlight",
        "choice": 7, "label": "word too abstract or missing",
    }  # fmt: skip


def test_a_task_of_before_there_were_displays_was_shown_and_is_exported_as_a_rainbow():
    payload = {name: value for name, value in payload_of().items() if name != "display"}
    assert kind.export(payload, {"choice": 7})["display"] == "rainbow"
    assert kind.answer_form(payload).legend == LEGENDS["rainbow"]


@pytest.mark.django_db
@pytest.mark.parametrize("display", DRAWN)
def test_every_task_of_a_study_is_drawn_in_the_studys_way(display):
    drafts = draft(WITH_ROLES, TWO_DOGS, display=display)
    assert {draft.payload["display"] for draft in drafts} == {display}


def test_what_can_be_chosen_is_what_the_engine_draws():
    assert list(DISPLAYS) == list(DRAWN)


def test_each_display_has_a_legend_of_its_own():
    assert list(LEGENDS) == list(DRAWN)
    assert len(set(LEGENDS.values())) == len(DRAWN)
    assert all(legend.endswith(".") for legend in LEGENDS.values())


@pytest.mark.parametrize("options", [*({"display": name} for name in DRAWN), {}, []])
def test_the_examples_are_drawn_as_the_study_is(options):
    study = Study(options=options)
    context = {"study": study, "examples": kind.examples(dict(options), {})}
    page = render_to_string(kind.examples_template, context)
    display = options["display"] if options else "rainbow"
    named = re.findall(r'src="[^"]*(img/examples/[^"]+)"', page)
    examples = [f"img/examples/{display}/kite-{name}.svg" for name in ("excellent", "fair", "bad")]
    assert named == ["img/examples/kite.svg", *examples]
    assert all(finders.find(name) for name in named)
    assert LEGENDS[display] in page


def test_the_examples_are_told_by_the_labels_of_the_study():
    study = Study(language="ar", options={"display": "veil"})
    said = {"5": "ممتاز", "legend.veil": "كلما كان أكثر زرقة كان أقوى."}
    context = {"study": study, "examples": kind.examples(study.options, said)}
    page = render_to_string(kind.examples_template, context)
    assert '<strong lang="ar" dir="rtl">ممتاز</strong>:' in page
    assert '<p lang="ar" dir="rtl">كلما كان أكثر زرقة كان أقوى.</p>' in page
    assert '<strong lang="ar" dir="rtl">Fair</strong>:' in page  # what it has no word for
