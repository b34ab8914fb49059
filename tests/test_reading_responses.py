"""Frames are the only gate from the answers to evaluation."""

import ast
import re

import pytest

from tests.imports import names_imported, trees


def reads_responses(tree: ast.AST) -> bool:
    """Whether a module names the model of the answers, or the relation that leads to them."""
    model = re.compile(r"annotations\.models\.(responses\b|(.+\.)?Response$)")
    if any(model.match(name) for name in names_imported(tree)):
        return True
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr="Response") | ast.Attribute(value=ast.Attribute(attr="responses")):
                return True
            case ast.keyword(arg=str(name)) | ast.Constant(value=str(name)):
                if re.search(r"(^|__)responses__\w|\w__responses$", name):
                    return True
    return False


def test_only_the_frames_read_responses_in_evaluation():
    reading = [path for path, tree in trees("evaluation") if reads_responses(tree)]
    assert reading
    assert [path for path in reading if not path.startswith("evaluation/frames/")] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from annotations.models import Response", True),
        ("from annotations.models import Response as Answer", True),
        ("from annotations.models.responses import Response", True),
        ("from annotations.models import responses", True),
        ("import annotations.models.responses", True),
        ("from annotations import models\nmodels.Response.objects.count()", True),
        ("study.assignments.filter(responses__erased_at=None)", True),
        ("study.tasks.values_list('assignments__responses__answer')", True),
        ("study.tasks.prefetch_related('assignments__responses')", True),
        ("turn.responses.count()", True),
        ("from annotations.models import Assignment, Study", False),
        ("from django.http import HttpResponse", False),
        ("from evaluation.frames.responses import response_frame", False),
        ("line('responses collected', flow.responses)", False),
        ("path('responses.csv', views.responses, name='responses')", False),
    ],
)
def test_a_module_that_reads_responses_is_found(source, found):
    assert reads_responses(ast.parse(source)) is found
