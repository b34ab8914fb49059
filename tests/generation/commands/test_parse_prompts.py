from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from generation.models import PromptSet, Word
from generation.services import parses as service
from generation.services.imports import import_prompts
from tests.factories import main_project, make_run, make_study
from tests.generation.parsers import make_parser

pytestmark = pytest.mark.django_db


@pytest.fixture
def prompt_set() -> PromptSet:
    return import_prompts(
        project=main_project(), name="set", content=b"two red cats\na dog\n", file_name="a.txt"
    ).prompt_set


def test_words_are_found_and_counted(prompt_set, monkeypatch):
    asked = []

    def load_parser(name: str):
        asked.append(name)
        return make_parser()

    monkeypatch.setattr(service, "load_parser", load_parser)
    out = StringIO()
    call_command("parse_prompts", "set", "--parser", "some_pipeline", stdout=out)
    assert out.getvalue() == "2 prompts, 5 words, parsed by en_test 1.\n"
    assert asked == ["some_pipeline"]
    assert Word.objects.count() == 5


def test_unknown_set_is_one_clear_line():
    with pytest.raises(CommandError, match=r"^There is no prompt set named 'other'\. There are: none\.$"):
        call_command("parse_prompts", "other")


def test_unknown_parser_is_one_clear_line_and_kept(prompt_set):
    with pytest.raises(CommandError, match="no_such_pipeline") as error:
        call_command("parse_prompts", "set", "--parser", "no_such_pipeline")
    assert "\n" not in str(error.value)
    prompt_set.refresh_from_db()
    assert prompt_set.parse_state == PromptSet.ParseState.FAILED
    assert prompt_set.parse_error == str(error.value)


def test_words_of_a_study_are_refused(prompt_set, monkeypatch):
    monkeypatch.setattr(service, "load_parser", lambda name: make_parser())
    call_command("parse_prompts", "set", stdout=StringIO())
    make_study("attribution", make_run(prompt_set))
    with pytest.raises(CommandError, match="used by a study"):
        call_command("parse_prompts", "set")
    assert Word.objects.count() == 5
