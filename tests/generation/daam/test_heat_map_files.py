"""Saving and loading, and files that somebody else made."""

import io
import json
import os
import zipfile

import numpy as np
import pytest

from generation.daam import GlobalHeatMap, HeatMapFileError, StepLevels

PROMPT = "a café 🐕 \ud800"


def sums(grids, seed):
    random = np.random.default_rng(seed)
    return {grid: 30 * random.random((4, *grid), dtype=np.float32) for grid in grids}


@pytest.fixture(params=[False, True], ids=["without steps", "with steps"])
def heat_map(request):
    grids = ((9, 13), (5, 7))
    offsets = np.array([[0, 1], [2, 6], [7, 8], [7, 8], [9, 10]], np.int32)  # the last beyond the encoder
    steps = tuple(StepLevels(t, sums(grids, int(t))) for t in (801.0, 401.5)) if request.param else ()
    return GlobalHeatMap(PROMPT, (72, 104), sums(grids, 0), offsets, steps)


def contents(heat_map, **options):
    file = io.BytesIO()
    heat_map.save(file, **options)
    return file.getvalue()


def load(content):
    return GlobalHeatMap.load(io.BytesIO(content))


def assert_same(one, other):
    assert (one.prompt, one.image_size) == (other.prompt, other.image_size)
    np.testing.assert_array_equal(one.offsets, other.offsets)
    assert [step.time_step for step in one.steps] == [step.time_step for step in other.steps]
    for a, b in zip((one, *one.steps), (other, *other.steps), strict=True):
        assert list(a.levels) == list(b.levels)
        for grid in a.levels:
            assert a.levels[grid].dtype == b.levels[grid].dtype == np.float32
            assert a.levels[grid].tobytes() == b.levels[grid].tobytes()


def test_saving_is_exact_to_the_bit(heat_map):
    assert_same(load(contents(heat_map)), heat_map)


def test_a_path_is_taken_as_it_is(heat_map, tmp_path):
    for path in (tmp_path / "map.heat", str(tmp_path / "map.npz")):
        heat_map.save(path)
        assert_same(GlobalHeatMap.load(path), heat_map)
    assert sorted(os.listdir(tmp_path)) == ["map.heat", "map.npz"]


def test_float16_halves_the_file_and_keeps_three_digits(heat_map):
    small = load(contents(heat_map, precision="float16"))
    assert len(contents(heat_map, precision="float16")) < 0.75 * len(contents(heat_map))
    for grid, exact in heat_map.levels.items():
        assert small.levels[grid].dtype == np.float32
        np.testing.assert_allclose(small.levels[grid], exact, rtol=1e-3)


def test_sums_that_do_not_fit_float16_are_not_cut(heat_map):
    heat_map.levels[9, 13][0, 0, 0] = 70_000
    with pytest.raises(ValueError, match="save them as float32"):
        heat_map.save(io.BytesIO(), precision="float16")


def test_an_unknown_precision(heat_map):
    with pytest.raises(ValueError, match="float32, float16"):
        heat_map.save(io.BytesIO(), precision="float8")


def test_an_image_without_words_can_be_saved():
    empty = GlobalHeatMap("", (8, 8), {(1, 1): np.zeros((0, 1, 1), np.float32)}, np.zeros((0, 2), np.int32))
    assert_same(load(contents(empty)), empty)


def test_the_file_is_plain_npz(heat_map):
    with np.load(io.BytesIO(contents(heat_map)), allow_pickle=False) as file:
        header = json.loads(file["header"].tobytes())
        assert file["level_0"].shape == (4, 9, 13)
    assert header["version"] == 1
    assert header["prompt"] == PROMPT


# what somebody else made


def altered(heat_map, fields=None, **arrays):
    """The file with other header fields or arrays; None takes one away."""
    with np.load(io.BytesIO(contents(heat_map)), allow_pickle=False) as file:
        members = dict(file)
    header = {**json.loads(members["header"].tobytes()), **(fields or {})}
    header = {name: value for name, value in header.items() if value is not None}
    members["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    members.update(arrays)
    file = io.BytesIO()
    np.savez(file, **{name: array for name, array in members.items() if array is not None})
    return file.getvalue()


def test_an_unaltered_file_loads(heat_map):
    assert_same(load(altered(heat_map)), heat_map)


def test_a_truncated_file(heat_map):
    whole = contents(heat_map)
    for length in (0, 1, 30, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        with pytest.raises(HeatMapFileError):
            load(whole[:length])


def test_a_damaged_file_is_an_error_or_still_the_same(heat_map):
    whole = contents(heat_map)
    random = np.random.default_rng(0)
    for _ in range(400):
        damaged = bytearray(whole)
        for place in random.integers(len(whole), size=random.integers(1, 4)):
            damaged[place] = random.integers(256)
        try:
            loaded = load(bytes(damaged))
        except HeatMapFileError:
            continue
        assert_same(loaded, heat_map)


def test_something_else(heat_map):
    for content in (b"", b"not a zip", np.random.default_rng(0).bytes(5000)):
        with pytest.raises(HeatMapFileError, match=r"Not a whole \.npz file"):
            load(content)
    file = io.BytesIO()
    np.savez(file, pictures=np.zeros(3, np.float32))
    with pytest.raises(HeatMapFileError, match="no header"):
        load(file.getvalue())


def test_another_version_and_another_format(heat_map):
    with pytest.raises(HeatMapFileError, match="version 2; this daamweb reads version 1"):
        load(altered(heat_map, {"version": 2}))
    with pytest.raises(HeatMapFileError, match="format is 'other'"):
        load(altered(heat_map, {"format": "other"}))


class Explosive:
    def __reduce__(self):
        return (os.system, ("exit 1",))


def test_pickled_objects_are_refused_unread(heat_map):
    bomb = np.array([Explosive()], dtype=object)
    for name in ("level_0", "offsets", "extra"):
        with pytest.raises(HeatMapFileError, match=rf"{name}\.npy holds \|O"):
            load(altered(heat_map, **{name: bomb}))


@pytest.mark.parametrize(
    ("fields", "arrays"),
    [
        ({"prompt": None}, {}),
        ({"levels": None}, {}),
        ({"levels": [[9, 13]], "prompt": "a"}, {}),
        ({"levels": [[9, 13], [7, 5]]}, {}),
        ({"levels": [[9, 13], [5, 7], [3, 3]]}, {}),
        ({"levels": []}, {}),
        ({"levels": 7}, {}),
        ({"levels": [["a", "b"], [5, 7]]}, {}),
        ({"image_size": [72]}, {}),
        ({"image_size": [-72, 104]}, {}),
        ({"image_size": [10**8, 10**8]}, {}),
        ({"image_size": [float("inf"), 1]}, {}),
        ({"image_size": [72.5, 104]}, {}),
        ({"image_size": ["72", "104"]}, {}),
        ({"image_size": [True, True]}, {}),
        ({"levels": [[9.5, 13], [5, 7]]}, {}),
        ({"prompt": 7}, {}),
        ({"time_steps": ["soon"]}, {}),
        ({"time_steps": [float("nan")]}, {}),
        ({"time_steps": [True]}, {}),
        ({"time_steps": "77"}, {}),
        ({"time_steps": [1.0, 2.0, 3.0]}, {}),
        ({}, {"offsets": None}),
        ({}, {"offsets": np.zeros((2, 2), np.int32)}),
        ({}, {"offsets": np.array([[0, 99]] * 5, np.int32)}),
        ({}, {"level_0": None}),
        ({}, {"level_0": np.zeros((4, 9), np.float32)}),
        ({}, {"level_0": np.zeros((4, 9, 13), np.float64)}),
        ({}, {"level_0": np.zeros((4, 9, 13), np.int32)}),
        ({}, {"level_0": np.asfortranarray(np.zeros((4, 9, 13), np.float32))}),
        ({}, {"level_0": np.full((4, 9, 13), np.nan, np.float32)}),
        ({}, {"header": np.frombuffer(b"[1]", np.uint8)}),
        ({}, {"header": np.frombuffer(b"{", np.uint8)}),
        ({}, {"header": np.frombuffer(b"[" * 100_000, np.uint8)}),
        ({}, {"header": np.zeros(2**23, np.uint8)}),
    ],
)
def test_parts_that_are_missing_or_do_not_fit(heat_map, fields, arrays):
    with pytest.raises(HeatMapFileError):
        load(altered(heat_map, fields, **arrays))


def npy_header(shape):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return file.getvalue()


def replaced(heat_map, name, content):
    """The file with another content of one of its members."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(contents(heat_map))) as whole, zipfile.ZipFile(file, "w") as archive:
        for member in whole.namelist():
            archive.writestr(member, content if member == name else whole.read(member))
    return file.getvalue()


def test_an_array_that_claims_more_than_it_holds_allocates_nothing(heat_map):
    for shape in ((10**6, 10**6), (2**59, 4)):
        with pytest.raises(HeatMapFileError, match="does not hold"):
            load(replaced(heat_map, "level_0.npy", npy_header(shape) + b"\0" * 16))


@pytest.mark.parametrize(
    "header",
    [
        # numpy's reader evaluates it as Python, and answers some with errors that it does not document
        b"(" * 9000,
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"-" * 9000 + b"4,), }\n",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (4L,), }\n",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (4,\n",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': \"\"\"\n",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (-4, -9, 13), }\n",
        b"{'descr': ('<f4', (10000, 10000)), 'fortran_order': False, 'shape': (4,), }\n",
        b"",
    ],
)
def test_headers_of_arrays_that_numpy_does_not_write(heat_map, header):
    member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 16
    with pytest.raises(HeatMapFileError, match=r"level_0\.npy does not begin as an array"):
        load(replaced(heat_map, "level_0.npy", member))


def test_an_array_of_another_version(heat_map):
    for start in (b"", b"\x93NUMPY\x02\x00\x00\x00\x00\x00"):
        with pytest.raises(HeatMapFileError, match="not an array of version"):
            load(replaced(heat_map, "level_0.npy", start))


def test_damaged_headers_of_arrays_are_errors_or_still_the_same(heat_map):
    random = np.random.default_rng(0)
    whole = npy_header((4, 9, 13)) + heat_map.levels[9, 13].tobytes()
    for _ in range(400):
        damaged = bytearray(whole)
        for place in random.integers(128, size=random.integers(1, 4)):
            damaged[place] = random.choice(list(b"(){}'\"\\\n,:#-[]L0e\x00\xff"))
        try:
            loaded = load(replaced(heat_map, "level_0.npy", bytes(damaged)))
        except HeatMapFileError:
            continue
        assert_same(loaded, heat_map)


def test_a_small_file_cannot_take_much_memory():
    """Whether by compression, or by a directory that lists the same bytes again and again."""
    bombs = [io.BytesIO(), io.BytesIO()]
    with zipfile.ZipFile(bombs[0], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("level_0.npy", bytes(2**20))
    with zipfile.ZipFile(bombs[1], "w") as archive:
        archive.writestr("level_0.npy", bytes(2**12))
        archive.filelist.extend(archive.filelist * 8)
    for bomb in bombs:
        with pytest.raises(HeatMapFileError, match="more than it is long"):
            load(bomb.getvalue())


def test_compressed_members_are_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("level_0.npy", np.random.default_rng(0).bytes(100))
    with pytest.raises(HeatMapFileError, match="compressed"):
        load(file.getvalue())


def test_a_path_that_does_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError):
        GlobalHeatMap.load(tmp_path / "missing.npz")
