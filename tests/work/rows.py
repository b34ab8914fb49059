"""Leased work for tests."""

import itertools

from annotations.models import Operation, Study
from daamweb.work.models import Work

_numbers = itertools.count(1)


def make_operation(study: Study) -> Operation:
    number = next(_numbers)
    return Operation.objects.create(study=study, platform="link", kind="tell", token=f"token {number}")


def same_row(work: Work) -> Work:
    """As another process reads it."""
    return type(work).objects.get(pk=work.pk)
