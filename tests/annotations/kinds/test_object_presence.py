import pytest

from annotations.errors import StudyError
from annotations.kinds.cleaning import clean_options
from annotations.kinds.object_presence import ObjectPresence
from generation.prompts.cohyponyms import load_ontology
from tests.factories import make_cohyponym_prompt_set, make_prompt_set, make_run

kind = ObjectPresence()


def draft(prompt_set, **options):
    run = make_run(prompt_set)
    return kind.draft_tasks(list(run.generations.order_by("pk")), clean_options(kind, options))


def payload_of(*objects, prompt_objects=("dog", "cat"), cohyponyms=True):
    return {"objects": list(objects), "prompt_objects": list(prompt_objects), "cohyponyms": cohyponyms}


@pytest.mark.django_db
def test_an_image_is_one_task_with_what_was_asked_for():
    first, second = draft(
        make_cohyponym_prompt_set([("dog", "cat", True), ("cat", "bus", False)]),
        objects=["dog", "cat", "bus"],
    )
    assert first.payload == {
        "objects": ["bus", "cat", "dog"],
        "prompt_objects": ["dog", "cat"],
        "cohyponyms": True,
    }
    assert second.payload["cohyponyms"] is False
    assert first.word is None
    assert first.role == second.role == "item"


@pytest.mark.django_db
def test_a_prompts_noun_that_is_not_on_the_list_is_named():
    with pytest.raises(StudyError, match="names “dog”, which is not on the list"):
        draft(make_cohyponym_prompt_set([("cat", "dog", True)]), objects=["cat", "bus"])


@pytest.mark.django_db
def test_a_prompt_that_does_not_say_its_nouns_is_refused():
    with pytest.raises(StudyError, match="does not say which objects it names"):
        draft(make_prompt_set(), objects=["dog"])


def test_no_image_is_refused():
    with pytest.raises(StudyError, match="no finished image"):
        kind.draft_tasks([], clean_options(kind, {}))


def test_the_default_list_is_the_ontology_in_alphabetical_order():
    assert clean_options(kind, {}) == {"objects": sorted(load_ontology().leaves)}


def test_a_list_is_no_longer_than_the_page_of_a_language_can_send():
    names = [f"object {number:03}" for number in range(500)]
    assert clean_options(kind, {"objects": names}) == {"objects": names}
    with pytest.raises(StudyError, match=r"These are 501 objects\. A study has at most 500"):
        clean_options(kind, {"objects": [*names, "cat"]})


def test_a_given_list_is_put_in_alphabetical_order_whatever_its_capitals():
    assert clean_options(kind, {"objects": ["tv", " Bus", "cat"]}) == {"objects": ["Bus", "cat", "tv"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objects": []}, "list of texts"),
        ({"objects": 7}, "list of texts"),
        ({"objects": ["cat", " "]}, "list of texts"),
        ({"objects": ["cat", "dog", "cat"]}, "more than once: cat"),
        ({"objects": ["cat|dog"]}, "must not contain"),
        ({"words_per_image": 2}, "no option words_per_image"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(StudyError, match=message):
        clean_options(kind, options)


def test_an_answer_keeps_the_order_of_the_clicks():
    form = kind.answer_form(payload_of("bus", "cat", "dog"), {"objects": ["dog", "bus"]})
    assert form.is_valid()
    assert form.cleaned_data == {"objects": ["dog", "bus"]}


def test_none_of_these_is_an_answer():
    form = kind.answer_form(payload_of("bus", "cat"), {"none": "on"})
    assert form.is_valid()
    assert form.cleaned_data == {"objects": []}


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"objects": ["zebra"]}, {"objects": ["“zebra” is not on the list; tick only objects that are."]}),
        ({"objects": ["cat", "cat"]}, {"objects": ["Each object can be ticked once; this came twice: cat."]}),
        ({}, {"objects": ["Tick every object you see, or “None of these objects”."]}),
        (
            {"objects": ["cat"], "none": "on"},
            {"none": ["You ticked objects and “None of these objects”; only one of the two can be right."]},
        ),
    ],
)
def test_other_answers_are_refused_with_the_reason(data, errors):
    assert kind.answer_form(payload_of("bus", "cat"), data).errors == errors


def test_a_stored_answer_is_filled_in():
    payload = payload_of("bus", "cat", "dog")
    assert kind.answer_form(payload, initial={"objects": ["dog", "bus"]})["objects"].value() == ["dog", "bus"]
    assert kind.answer_form(payload, initial={"objects": ["dog", "bus"]})["none"].value() is False
    assert kind.answer_form(payload, initial={"objects": []})["none"].value() is True


@pytest.mark.parametrize(
    ("objects", "words"), [(["dog", "bus"], "dog, bus"), (["cat"], "cat"), ([], "none of these objects")]
)
def test_a_stored_answer_is_told_in_words(objects, words):
    assert kind.in_words({"objects": objects}) == words


def test_an_image_is_reported_with_all_of_its_answers():
    assert kind.answers_needed({"replicas": 5, "analysis": kind.analysis_settings({}, 5)}) == 5


def test_the_export_has_a_value_for_each_column():
    row = kind.export(payload_of("bus", "cat", "dog"), {"objects": ["dog", "bus"]})
    assert list(row) == [column.name for column in kind.columns]
    assert row == {
        "prompt_objects": ["dog", "cat"], "pair": "cat|dog", "cohyponyms": True, "objects": ["dog", "bus"],
    }  # fmt: skip


@pytest.mark.django_db
def test_cohyponym_status_that_is_neither_true_nor_false_is_refused():
    prompt_set = make_cohyponym_prompt_set()
    prompt = prompt_set.prompts.get()
    prompt.metadata["cohyponyms"] = "yes"
    prompt.save()
    with pytest.raises(StudyError, match="true, false or missing"):
        draft(prompt_set)


def names(form):
    return [name for name, _ in form.fields["objects"].choices]


def test_boxes_stand_in_the_persons_own_order_and_answers_do_not_depend_on_it():
    payload = payload_of("bus", "cat", "dog")
    form = kind.answer_form(payload, {"objects": ["dog", "bus"]}, order=[2, 0, 1])
    assert names(form) == ["dog", "bus", "cat"]
    assert form.is_valid()
    assert form.cleaned_data == {"objects": ["dog", "bus"]}


def test_who_joined_before_orders_were_drawn_is_shown_the_list_as_it_is():
    assert names(kind.answer_form(payload_of("bus", "cat", "dog"), order=[])) == ["bus", "cat", "dog"]


def test_all_objects_of_the_list_have_an_order():
    assert kind.options_to_order(clean_options(kind, {"objects": ["dog", "cat", "bus"]})) == 3
