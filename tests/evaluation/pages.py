"""Shorthands of the tests of pages."""

from annotations.models import Study


def address(study: Study, name: str = "report/") -> str:
    return f"/evaluation/studies/{study.pk}/{name}"


def html(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()
