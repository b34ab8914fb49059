import shlex
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from generation.models import PromptSet
from tests.generation.bad_files import BadFile, bad_rows, whole_files
from tests.generation.caption_files import FILES, TEXTS, every_format

pytestmark = pytest.mark.django_db


@pytest.fixture
def import_prompts(tmp_path):
    """Write the file and import it: what was printed, and on stderr."""

    def import_prompts(name: str, content: bytes, *options: str, prompt_set: str = "set") -> tuple[str, str]:
        file = tmp_path / name
        file.write_bytes(content)
        out, err = StringIO(), StringIO()
        try:
            call_command(
                "import_prompts", str(file), "--prompt-set", prompt_set, *options, stdout=out, stderr=err
            )
        except CommandError as error:
            error.printed = err.getvalue()
            raise
        return out.getvalue(), err.getvalue()

    return import_prompts


def refusal(import_prompts, bad: BadFile, *options: str) -> tuple[str, list[str]]:
    """The one clear line, and what was said about single rows."""
    with pytest.raises(CommandError) as error:
        import_prompts(bad.name, bad.content, *options)
    assert error.value.returncode == 1
    return str(error.value), error.value.printed.splitlines()


@every_format
def test_every_format_is_imported(import_prompts, format):
    name, content, _ = FILES[format]
    printed, errors = import_prompts(name, content, "--format", format)
    next_step = "" if format == "conllu" else "Next: python manage.py parse_prompts set\n"
    assert printed == f"Imported 2 captions ({format}), 0 bad rows into 'set'.\n{next_step}"
    assert errors == ""
    assert list(PromptSet.objects.get().prompts.values_list("text", flat=True)) == TEXTS


@whole_files
def test_bad_file_is_one_clear_line(import_prompts, bad: BadFile):
    line, rows = refusal(import_prompts, bad)
    assert bad.name in line
    assert bad.reason in line
    assert "\n" not in line
    assert rows == []
    assert not PromptSet.objects.exists()


@bad_rows
@pytest.mark.parametrize("options", [[], ["--dry-run"]], ids=["for real", "dry run"])
def test_bad_row_is_one_clear_line_with_its_number_and_nothing_is_imported(
    import_prompts, bad: BadFile, options
):
    line, rows = refusal(import_prompts, bad, *options)
    [row] = rows
    assert row.startswith(f"row {bad.row}: ")
    assert bad.reason in row
    assert "1 bad row; nothing was imported." in line
    assert "--skip-invalid" in line
    assert "\n" not in line
    assert not PromptSet.objects.exists()


def test_next_command_can_be_pasted_whatever_the_name(import_prompts):
    printed, _ = import_prompts("captions.txt", b"a cat\n", prompt_set="Ann's set")
    next_line = printed.splitlines()[1].removeprefix("Next: ")
    assert shlex.split(next_line) == ["python", "manage.py", "parse_prompts", "Ann's set"]


@bad_rows
def test_skip_invalid_imports_the_good_rows_and_still_reports_the_bad(import_prompts, bad: BadFile):
    printed, errors = import_prompts(bad.name, bad.content, "--skip-invalid")
    assert "Imported 1 caption (" in printed
    assert "1 bad row into 'set'" in printed
    assert errors.startswith(f"row {bad.row}: ")
    assert PromptSet.objects.get().prompts.count() == 1


def test_every_bad_row_is_reported(import_prompts):
    bad = BadFile("captions.csv", b"caption,id\n" + b"a cat,7\n" * 100, None, "")
    _, rows = refusal(import_prompts, bad)
    assert [row.partition(":")[0] for row in rows] == [f"row {number}" for number in range(3, 102)]


def test_dry_run_imports_nothing(import_prompts):
    printed, _ = import_prompts("captions.txt", b"a cat\na dog\n", "--dry-run")
    assert printed == "Dry run: 2 captions (text), 0 bad rows; nothing was imported.\n"
    assert not PromptSet.objects.exists()


def test_dry_run_with_rows_to_skip_tells_what_would_be_left(import_prompts):
    printed, errors = import_prompts("captions.txt", b"a cat\n\xff\n", "--dry-run", "--skip-invalid")
    assert printed == "Dry run: 1 caption (text), 1 bad row; nothing was imported.\n"
    assert errors.startswith("row 2: ")
    assert not PromptSet.objects.exists()


def test_file_that_is_not_there_is_one_clear_line():
    with pytest.raises(
        CommandError, match=r"^/nowhere/captions.txt cannot be read: No such file or directory\.$"
    ):
        call_command("import_prompts", "/nowhere/captions.txt", "--prompt-set", "set")


def test_folder_is_no_file(tmp_path: Path):
    with pytest.raises(CommandError, match="cannot be read: Is a directory"):
        call_command("import_prompts", str(tmp_path), "--prompt-set", "set")


def test_taken_name_is_refused(import_prompts):
    import_prompts("captions.txt", b"a cat")
    with pytest.raises(CommandError, match="There is a prompt set named 'set' already"):
        import_prompts("captions.txt", b"a dog")


def test_unknown_format_is_refused_by_the_options(import_prompts):
    with pytest.raises(CommandError, match="invalid choice: 'xml'"):
        import_prompts("captions.txt", b"a cat", "--format", "xml")
