"""Commands work in one project, and say which they could not find."""

from argparse import ArgumentParser
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from annotations.models import Study
from daamweb.projects.commands import (
    add_project_argument,
    find_named,
    named_project,
    project_to_work_in,
)
from daamweb.projects.models import Project
from generation.models import GenerationRun, PromptSet
from tests.factories import main_project, make_project, make_prompt_set, make_run, make_study

pytestmark = pytest.mark.django_db


def archive(*projects: Project) -> None:
    Project.objects.filter(pk__in=[each.pk for each in projects]).update(archived_at=timezone.now())


def make_named_study(project: Project, name: str = "likert") -> Study:
    return make_study(run=make_run(make_prompt_set(project=project)), name=name)


# --- which project ---------------------------------------------------------------------------------------


def test_the_argument_is_the_name_of_a_project():
    parser = ArgumentParser()
    add_project_argument(parser)
    assert parser.parse_args([]).project is None
    assert parser.parse_args(["--project", "A lab"]).project == "A lab"


def test_on_a_new_site_the_first_project_is_made():
    assert project_to_work_in(None).name == "Main"
    assert project_to_work_in(None) == Project.objects.get()


def test_of_several_one_has_to_be_named():
    main, other = main_project(), make_project("Other")
    with pytest.raises(CommandError, match=r"say which one is meant: 'Main', 'Other'\. \(--project NAME\)"):
        project_to_work_in(None)
    assert (project_to_work_in("Main"), project_to_work_in("Other")) == (main, other)


def test_an_archived_one_is_not_worked_in_and_not_asked_for():
    main, other = main_project(), make_project("Other")
    archive(other)
    assert project_to_work_in(None) == main
    with pytest.raises(CommandError, match="The project 'Other' is archived; restore it on its page first"):
        project_to_work_in("Other")
    archive(main)
    with pytest.raises(CommandError, match="Every project is archived"):
        project_to_work_in(None)


def test_an_unknown_one_is_told_the_names_that_there_are():
    with pytest.raises(CommandError, match=r"no project named 'Other'\. There are: none"):
        named_project("Other")
    for number in range(11):
        make_project(f"lab {number:02}")
    with pytest.raises(CommandError, match=r"There are: 'lab 00', .* 'lab 09', …\.$") as error:
        project_to_work_in("Other")
    assert "lab 10" not in str(error.value)


# --- which row -------------------------------------------------------------------------------------------


def test_a_row_is_found_by_its_name_in_its_project():
    here, there = make_project("Here"), make_project("There")
    first, second = make_named_study(here), make_named_study(there)
    assert find_named(Study.objects.all(), "likert", project="Here") == first
    assert find_named(Study.objects.all(), "likert", project="There") == second
    with pytest.raises(CommandError, match="say which one is meant: 'Here', 'There'"):
        find_named(Study.objects.all(), "likert", project=None)


def test_names_of_other_projects_are_not_told():
    here, there = make_project("Here"), make_project("There")
    make_named_study(here, "mine")
    make_named_study(there, "theirs")
    with pytest.raises(CommandError, match=r"There is no study named 'theirs'\. There are: 'mine'\."):
        find_named(Study.objects.all(), "theirs", project="Here")


def test_of_archived_projects_something_is_read_and_nothing_is_changed():
    main, other = main_project(), make_project("Other")
    study = make_named_study(other)
    archive(other)
    assert find_named(Study.objects.all(), "likert", project="Other") == study
    with pytest.raises(CommandError, match="The project 'Other' is archived; restore it"):
        find_named(Study.objects.all(), "likert", project="Other", to_change=True)
    another = make_named_study(main, "another")
    archive(main)
    assert find_named(Study.objects.all(), "likert", project=None) == study
    Study.objects.filter(pk=another.pk).update(name="likert")
    with pytest.raises(CommandError, match="Several projects have a study named 'likert'"):
        find_named(Study.objects.all(), "likert", project=None)


# --- the commands themselves -----------------------------------------------------------------------------

OF_A_STUDY = {
    "check_study": (),
    "open_study": (),
    "pause_study": (),
    "close_study": (),
    "keep_identities": ("--for-good",),
    "erase_study": ("--yes", "likert"),
    "erase_annotator": ("--study", "likert"),
    "export_responses": ("--output", "out.csv"),
    "report": ("--output", "out"),
}
CHANGING = ("open_study", "pause_study", "close_study", "keep_identities")


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", OF_A_STUDY)
def test_commands_look_for_a_study_in_the_project_that_is_named(command):
    make_named_study(main_project())
    make_project("Other")
    with pytest.raises(CommandError, match="There are several projects"):
        call_command(command, "likert", *OF_A_STUDY[command])
    with pytest.raises(CommandError, match=r"There is no study named 'likert'\. There are: none"):
        call_command(command, "likert", *OF_A_STUDY[command], "--project", "Other")
    assert Study.objects.get().state == Study.State.DRAFT


@pytest.mark.parametrize("command", CHANGING)
def test_commands_change_no_study_of_an_archived_project(command):
    make_named_study(main_project())
    archive(main_project())
    make_project("Other")
    with pytest.raises(CommandError, match="The project 'Main' is archived"):
        call_command(command, "likert", *OF_A_STUDY[command], "--project", "Main")
    assert Study.objects.get().state == Study.State.DRAFT


def test_commands_make_things_in_the_project_that_is_named(pokes):
    main_project()
    other = make_project("Other")
    Path("a.txt").write_text("a dog\na cat\n", encoding="utf-8")
    makes = [
        ("import_prompts", "a.txt", "--prompt-set", "imported"),
        ("build_prompts", "cohyponyms", "--prompt-set", "pairs", "--count", "2", "--seed", "0"),
        ("generate", "--prompt-set", "imported", "--run", "first"),
    ]
    for command in makes:
        with pytest.raises(CommandError, match="There are several projects"):
            call_command(*command)
        call_command(*command, "--project", "Other")
    assert {row.project for row in (*PromptSet.objects.all(), *GenerationRun.objects.all())} == {other}
    archive(other)
    for command in makes:
        with pytest.raises(CommandError, match="The project 'Other' is archived"):
            call_command(*command, "--project", "Other")
    assert (PromptSet.objects.count(), GenerationRun.objects.count()) == (2, 1)


def test_nothing_is_made_of_what_another_project_has(pokes):
    source = make_prompt_set(project=main_project())
    run = make_run(source)
    make_project("Other")
    for command in (
        ("build_prompts", "words", "--source", source.name, "--prompt-set", "words", "--seed", "0"),
        ("generate", "--prompt-set", source.name, "--run", "second"),
        ("parse_prompts", source.name),
        ("build_study", "attribution", "--study", "likert", "--run", run.name),
        ("analyze", "opinion", "--run", run.name, "--output", "out"),
    ):
        with pytest.raises(CommandError, match=r"There is no (prompt set|generation run) named .*: none"):
            call_command(*command, "--project", "Other")
    assert (PromptSet.objects.count(), GenerationRun.objects.count(), Study.objects.count()) == (1, 1, 0)
