"""What `make test-fast` leaves out is there."""

from pathlib import Path

import pytest

from tests.slow import SLOW, is_slow

TESTS = Path(__file__).parent


@pytest.mark.parametrize("slow", SLOW)
def test_what_is_named_is_there(slow):
    name, _, test = slow.partition("::")
    path = TESTS / name
    assert path.exists(), (
        f"tests/{name} is gone: take it out of tests/slow.py, or name what it is called now."
    )
    assert not test or f"def {test}(" in path.read_text(encoding="utf-8")


def test_a_folder_a_file_and_a_test_are_known_with_all_inside():
    assert is_slow("generation/daam")
    assert is_slow("generation/daam/test_tracer.py::test_it[1]")
    assert is_slow("test_migrations.py::test_a_running_study")
    test = next(slow for slow in SLOW if "::" in slow)
    assert is_slow(test)
    assert is_slow(f"{test}[1]")
    assert not is_slow(f"{test}_too")
    assert not is_slow("generation/test_models.py")
    assert not is_slow("generation")
