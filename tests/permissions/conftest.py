import pytest

from tests.permissions.world import keep_files, open_world

world = pytest.fixture(open_world, scope="package")
media_folder = pytest.fixture(keep_files, autouse=True)
