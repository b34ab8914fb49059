"""The kind of docs/add-a-kind.md, registered and nothing else, goes all the way:
build → open → rate → CSV → codebook → report."""

import ast
import re
from pathlib import Path

import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from annotations.kinds import registry
from annotations.kinds.interface import Kind
from annotations.models import Participation, Response, Study
from annotations.selectors import held_assignment
from evaluation.analyses.registry import ANSWERS, analyses_of_kind
from evaluation.reports.files import write_report
from tests.annotations.views.visits import address, join, page_fields, send
from tests.factories import make_run

BUILD = "/admin/annotations/study/build/?kind=beauty"

PAGE = Path(__file__).parents[3] / "docs" / "add-a-kind.md"
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
NAMES: dict = {"__name__": "add_a_kind"}
exec(compile(CODE, str(PAGE), "exec"), NAMES)
Beauty: type[Kind] = NAMES["Beauty"]


@pytest.fixture
def beauty(monkeypatch):
    monkeypatch.setitem(registry.KINDS, "beauty", Beauty())


@pytest.mark.django_db
def test_the_pages_kind_goes_from_the_form_to_the_report(beauty, researcher_client, client, tmp_path):
    run = make_run(seeds=(0, 1))
    page = researcher_client.get(BUILD)
    assert "The largest number." in page.text
    fields = page.context["form"].fields.items()
    form = {name: "" if field.initial is None else field.initial for name, field in fields}
    del form["languages"]  # boxes of which none is ticked
    researcher_client.post(BUILD, {**form, "name": "pretty", "run": run.pk, "most": "7"})
    study = Study.objects.get()
    assert (study.kind, study.options, study.items) == ("beauty", {"most": 7}, 2)

    call_command("open_study", "pretty")
    study.refresh_from_db()
    client.logout()
    participation: Participation = join(client, study)
    shown = client.get(address("assignment", study, held_assignment(participation).pk))
    assert "How beautiful is it, from 1 to 7?" in shown.text
    assert send(client, held_assignment(participation), {"beauty": "8"}).status_code == 422
    for answer in ("4", "7"):
        turn = held_assignment(participation)
        client.post(address("assignment", study, turn.pk), {**page_fields(), "beauty": answer})
    assert sorted(Response.objects.values_list("answer__beauty", flat=True)) == [4, 7]

    assert analyses_of_kind("beauty") == (ANSWERS,)
    write_report(Study.objects.select_related("run", "plan").get(), ANSWERS, tmp_path)
    assert sorted(pd.read_csv(tmp_path / "responses.csv")["beauty"]) == [4, 7]
    codebook = pd.read_csv(tmp_path / "codebook.csv").set_index("column")
    assert tuple(codebook.loc["beauty", ["type", "unit"]]) == ("whole number", "points")
    counts = pd.read_csv(tmp_path / "answers_beauty.csv")
    assert dict(zip(counts["beauty"], counts["answers"], strict=True)) == {4: 1, 7: 1}


@pytest.mark.django_db
def test_its_options_are_arguments_of_the_command(beauty):
    run = make_run()
    call_command("build_study", "beauty", "--study", "pretty", "--run", run.name, "--most", "3")
    assert Study.objects.get().options == {"most": 3}
    with pytest.raises(CommandError, match="most: Ensure this value is less than or equal to 10"):
        call_command("build_study", "beauty", "--study", "worse", "--run", run.name, "--most", "11")


def test_the_pages_code_has_the_types_that_the_linter_asks_for():
    functions = [node for node in ast.walk(ast.parse(CODE)) if isinstance(node, ast.FunctionDef)]
    arguments = [each for function in functions for each in function.args.args if each.arg != "self"]
    assert arguments
    assert [each.arg for each in arguments if each.annotation is None] == []
    assert [function.name for function in functions if function.returns is None] == []
