"""Keys answer what is painted, and nothing else; two objects of a list are ticked with few."""

import itertools
import time

import pytest
from playwright.sync_api import expect

from annotations.models import Response
from generation.prompts.cohyponyms import load_ontology
from tests.browser.steps import answers, begin
from tests.factories import make_cohyponym_prompt_set, make_open_study, make_prompt_set, make_run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TASKS = 30
MOST_KEYS = 10
# What was painted when a key was pressed: asked of the page in the key's own turn.
WATCH = """
addEventListener("keydown", (event) => {
  const form = document.querySelector("[data-task-form]");
  const isPainted = form && !form.querySelector("button[name=choice]").disabled;
  if (isPainted) window.tell(location.pathname, event.key);
}, { capture: true });
"""
# For every name the fewest keys that bring it first.
FEWEST = """
async (names) => {
  const { matching } = await import("/static/js/task/ranking.js");
  return names.map((name) => {
    for (let length = 1; length <= name.length; length++)
      for (let start = 0; start + length <= name.length; start++) {
        const typed = name.slice(start, start + length);
        if (typed.trim() === typed && matching(names, typed)[0] === name) return typed;
      }
    return null;
  });
}
"""


def test_a_key_every_150_milliseconds_answers_thirty_tasks_each_when_it_was_painted(visit):
    words = [(f"dog{number}", "NOUN", "") for number in range(TASKS)]
    study = make_open_study(run=make_run(make_prompt_set([(" ".join(word for word, *_ in words), words)])))
    page = visit()
    pressed: list[tuple[str, str]] = []
    page.expose_function("tell", lambda *told: pressed.append(told))
    page.add_init_script(WATCH)
    begin(page, study)
    deadline = time.monotonic() + 120
    for key in itertools.cycle("12345"):
        page.keyboard.press(key)
        page.wait_for_timeout(150)
        if "/thanks/" in page.url:
            break
        assert time.monotonic() < deadline
    assert len(answers()) == TASKS
    assert not Response.objects.exclude(painted="painted").exists()
    stored = {
        (f"/s/{study.slug}/assignments/{turn}/", str(answer["choice"]))
        for turn, answer in Response.objects.values_list("assignment", "answer")
    }
    # Every key that counted was pressed at its own task.
    assert set(pressed) == stored
    assert len(pressed) == TASKS


def test_any_two_objects_take_ten_keys_at_most(visit):
    names = list(load_ontology().leaves)
    assert len(names) == 42
    page = visit()
    begin(page, make_open_study("object_presence", make_run(make_cohyponym_prompt_set())))
    fewest = dict(zip(names, page.evaluate(FEWEST, names), strict=True))
    assert None not in fewest.values()
    # What is typed and Enter, twice; and Enter for the answer.
    keys = {
        pair: sum(len(fewest[name]) + 1 for name in pair) + 1 for pair in itertools.permutations(names, 2)
    }
    assert len(keys) == 42 * 41
    assert max(keys.values()) <= MOST_KEYS
    hardest = max(keys, key=keys.get)
    for name in hardest:
        page.keyboard.type(fewest[name])
        page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    assert answers() == [{"objects": list(hardest)}]


def test_a_key_that_is_held_down_answers_once(visit):
    page = visit()
    begin(page, make_open_study())
    page.keyboard.down("4")
    for _ in range(5):
        page.keyboard.down("4")  # repeated
    expect(page.get_by_role("heading", name="Task 2")).to_be_attached()
    page.keyboard.up("4")
    page.wait_for_load_state("networkidle")
    assert answers() == [{"choice": 4}]


@pytest.mark.parametrize("modifier", ["Control", "Alt", "Meta"])
def test_keys_of_the_browser_answer_nothing(visit, modifier):
    page = visit()
    begin(page, make_open_study())
    page.keyboard.press(f"{modifier}+4")
    page.wait_for_load_state("networkidle")
    assert answers() == []
