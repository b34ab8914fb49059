"""Who made, parsed, tried again and deleted prompts and runs is written down, once."""

import pytest

from daamweb.projects.models import Event, Role
from daamweb.projects.services.events import SITE
from daamweb.projects.services.rows import delete_row
from generation.errors import PromptSetError, RunError
from generation.jobs import request_parse, request_parse_again
from generation.models import Checkpoint, PromptSet
from generation.services.built_prompt_sets import build_cohyponyms_prompt_set, build_words_prompt_set
from generation.services.imports import import_prompts
from generation.services.parses import parse_prompt_set
from generation.services.runs import create_run, create_run_by_source, retry_failed
from tests.events import written
from tests.factories import main_project, make_member, make_prompt_set, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return make_member(Role.RESEARCHER, username="anna")


def test_making_prompt_sets(anna, pokes):
    project = main_project()
    file = {"project": project, "name": "coco", "content": b"A dog.\n", "file_name": "a.txt", "by": anna}
    assert written(import_prompts, **file, dry_run=True) == []
    assert written(import_prompts, **file) == [("anna", "made", "coco")]
    assert Event.objects.first().details == {"origin": "text"}
    pairs = {"project": project, "name": "pairs", "count": 2, "seed": 0, "by": anna}
    assert written(build_cohyponyms_prompt_set, **pairs) == [("anna", "made", "pairs")]
    words = {"name": "words", "source": make_prompt_set(), "seed": 0, "by": anna}
    assert written(build_words_prompt_set, **words) == [("anna", "made", "words")]
    # The parse that follows by itself is nobody's act.
    assert written(lambda: request_parse(PromptSet.objects.get(name="coco"))) == []


def test_a_name_that_is_taken_is_not_written_down(anna):
    taken = make_prompt_set()

    def refused():
        with pytest.raises(PromptSetError):
            build_cohyponyms_prompt_set(project=taken.project, name=taken.name, count=2, seed=0, by=anna)

    assert written(refused) == []


def test_parsing_again_is_written_down_once_and_so_is_what_the_worker_did(anna, pokes, monkeypatch):
    prompt_set = make_prompt_set()
    asked = [("anna", "parsing", prompt_set.name)]
    assert written(lambda: request_parse_again(prompt_set, by=anna)) == asked
    assert written(lambda: request_parse_again(prompt_set, by=anna)) == []  # it waits for the parser
    monkeypatch.setattr("generation.services.parses.load_parser", lambda name: NoWords)
    monkeypatch.setattr("generation.services.parses.parse", lambda parser, texts: [NoWords() for _ in texts])
    done = written(parse_prompt_set, prompt_set=plain_set(), by=SITE)
    assert [(who, what) for who, what, _ in done] == [("the site", "parsed")]
    assert Event.objects.first().details["words"] == 0


class NoWords:
    """A parser that finds none, and what it finds."""

    name, version, words = "none", "1", ()


def plain_set() -> PromptSet:
    return make_prompt_set([("A dog.", [("dog", "NOUN", "")])])


def test_making_runs_and_trying_again(anna):
    prompt_set = make_prompt_set()
    given = {"name": "first", "prompt_set": prompt_set, "seeds": (0, 1), "by": anna}
    made = written(create_run_by_source, checkpoint="owner/model", **given)
    assert made == [("anna", "made", "owner/model"), ("anna", "made", "first")]
    of_checkpoint, of_run = reversed(Event.objects.all()[:2])
    assert (of_checkpoint.project, of_run.project, of_run.details) == (None, main_project(), {"images": 2})
    run = prompt_set.runs.get()
    assert written(retry_failed, run=run, by=anna) == []
    run.generations.fail_claimable("boom")
    assert written(retry_failed, run=run, by=anna) == [("anna", "retried", "first")]
    assert Event.objects.first().details == {"images": 2}

    def refused():
        with pytest.raises(RunError):
            create_run_by_source(checkpoint="owner/another", **given)

    assert written(refused) == []
    assert Checkpoint.objects.count() == 1


def test_a_run_of_a_known_checkpoint_is_one_act(anna):
    checkpoint = Checkpoint.objects.create(name="sd", source="owner/sd")
    given = {"name": "first", "prompt_set": make_prompt_set(), "checkpoint": checkpoint, "by": anna}
    assert written(create_run, **given) == [("anna", "made", "first")]


def test_deleting_is_written_down_once_with_what_it_was_part_of(anna):
    run = make_run(finished=False)
    image, pk = run.generations.get(), run.pk
    assert written(delete_row, row=image, by=anna) == [("anna", "deleted", str(image))]
    assert Event.objects.first().within == f"generation.generationrun:{run.pk}"
    assert written(delete_row, row=run, by=anna) == [("anna", "deleted", run.name)]
    assert Event.objects.first().subject_id == pk
    run.pk = pk
    assert written(delete_row, row=run, by=anna) == []
