"""Named arrays with a JSON header in a zip (`.npz`), read as if an enemy had written it: never unpickled."""

import io
import json
import math
import re
import struct
import zipfile
from collections.abc import Mapping
from os import PathLike
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

FilePath = str | PathLike[str]

_HEADER = "header"
# 75 tokens at 512² with each of 500 time steps kept are 0.8 GB
_MOST_BYTES = 2**30
_MOST_HEADER_BYTES = 2**22
_DTYPES = ("<f4", "<f2", "<i4", "|u1")
# an array as numpy writes it. numpy's own reader evaluates the header as Python, and hostile ones make that
# fail in ways that it does not foresee
_MAGIC = re.compile(rb"\x93NUMPY\x01\x00(?P<length>..)", re.DOTALL)
_ARRAY = re.compile(
    rb"\{'descr': '(?P<dtype>[|<>=\w]+)', 'fortran_order': (?P<order>True|False), "
    rb"'shape': \((?P<shape>(\d{1,18}, ){0,7}(\d{1,18},?)?)\), \} *\n"
)


class HeatMapFileError(ValueError):
    """The file is no heat map that this version reads: truncated, of another version, hostile, or other."""


def write_archive(
    file: FilePath | BinaryIO, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write the arrays and, as UTF-8 JSON in the uint8 array `header`, the header."""
    text = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    members = {_HEADER: text, **arrays}
    if isinstance(file, (str, PathLike)):
        with open(file, "wb") as opened:  # numpy would add ".npz" to a path
            np.savez(opened, allow_pickle=False, **members)
    else:
        np.savez(file, allow_pickle=False, **members)


def read_archive(file: FilePath | BinaryIO) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the arrays of a file written by `write_archive`.

    Raises HeatMapFileError for anything else; OSError if the path cannot be opened.
    """
    if isinstance(file, (str, PathLike)):
        with open(file, "rb") as opened:
            return read_archive(opened)
    content = file.read(_MOST_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            arrays = _read_members(archive, len(content))
    except HeatMapFileError:
        raise
    # zipfile has no single error for what it cannot read
    except (zipfile.BadZipFile, struct.error, EOFError, RuntimeError, TypeError, ValueError) as error:
        raise HeatMapFileError(f"Not a whole .npz file: {error}") from error
    if _HEADER not in arrays:
        raise HeatMapFileError("The file has no header.")
    try:
        header = json.loads(arrays.pop(_HEADER).tobytes())
    except (ValueError, RecursionError) as error:
        raise HeatMapFileError(f"The header is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise HeatMapFileError("The header is not a JSON object.")
    return header, arrays


def _read_members(archive: zipfile.ZipFile, length: int) -> dict[str, NDArray[Any]]:
    """length: of the whole file, in bytes."""
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    # so a small file cannot take much memory, neither by compression nor by members that overlap
    if total > length:
        raise HeatMapFileError(f"The file claims to hold {total} bytes, more than it is long.")
    return {member.filename.removesuffix(".npy"): _read_member(archive, member) for member in members}


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    name = member.filename
    if name == f"{_HEADER}.npy" and member.file_size > _MOST_HEADER_BYTES:
        raise HeatMapFileError(f"The header claims to hold {member.file_size} bytes.")
    if member.compress_type != zipfile.ZIP_STORED:
        raise HeatMapFileError(f"{name} is compressed, which heat maps are not.")
    content = archive.read(member)
    start = _MAGIC.match(content)
    if start is None:
        raise HeatMapFileError(f"{name} is not an array of version 1.0.")
    data = start.end() + int.from_bytes(start["length"], "little")
    described = _ARRAY.fullmatch(content[start.end() : data])
    if described is None:
        raise HeatMapFileError(f"{name} does not begin as an array in numpy's own words.")
    dtype = described["dtype"].decode()
    if dtype not in _DTYPES or described["order"] != b"False":
        raise HeatMapFileError(f"{name} holds {dtype} in a layout that heat maps do not use.")
    shape = tuple(int(side) for side in described["shape"].replace(b",", b" ").split())
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size != len(content) - data:
        raise HeatMapFileError(f"{name} does not hold the {size} bytes that its shape {shape} needs.")
    # a copy: arrays over bytes are read-only
    return np.frombuffer(content, dtype=dtype, offset=data).reshape(shape).copy()
