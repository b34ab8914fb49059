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
        with pytest.raises(HeatMapFileError, match=f"{name}.npy holds object"):
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
        ({"time_steps": ["soon"]}, {}),
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


def test_an_array_that_claims_more_than_it_holds_allocates_nothing(heat_map):
    for shape in ((10**6, 10**6), (-1, -1), (2**62, 4)):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("level_0.npy", npy_header(shape) + b"\0" * 16)
        with pytest.raises(HeatMapFileError, match="does not hold"):
            load(file.getvalue())


def test_a_file_that_claims_more_than_the_limit_is_not_unpacked(heat_map, monkeypatch):
    monkeypatch.setattr("generation.daam.archive._MOST_BYTES", len(contents(heat_map)) - 1)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("level_0.npy", bytes(2 * len(contents(heat_map))))
    with pytest.raises(HeatMapFileError, match="are not read"):
        load(file.getvalue())


def test_a_path_that_does_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError):
        GlobalHeatMap.load(tmp_path / "missing.npz")
