"""Named arrays with a JSON header in a zip (`.npz`), read as if an enemy had written it: never unpickled."""

import io
import json
import math
import zipfile
import zlib
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
            arrays = _read_members(archive)
    except HeatMapFileError:
        raise
    # zipfile has no single error for what it cannot read
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
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


def _read_members(archive: zipfile.ZipFile) -> dict[str, NDArray[Any]]:
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    if total > _MOST_BYTES:
        raise HeatMapFileError(
            f"The file claims to hold {total} bytes; more than {_MOST_BYTES} are not read."
        )
    return {member.filename.removesuffix(".npy"): _read_member(archive, member) for member in members}


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    name = member.filename
    if name == f"{_HEADER}.npy" and member.file_size > _MOST_HEADER_BYTES:
        raise HeatMapFileError(f"The header claims to hold {member.file_size} bytes.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise HeatMapFileError(f"{name} is compressed in a way that numpy does not use.")
    with archive.open(member) as stream:
        try:
            version = np.lib.format.read_magic(stream)
            if version != (1, 0):
                raise HeatMapFileError(f"{name} is of the unknown array format {version}.")
            shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
        except HeatMapFileError:
            raise
        except (ValueError, EOFError) as error:
            raise HeatMapFileError(f"{name} is not an array: {error}") from error
        if dtype.str not in _DTYPES or fortran_order:
            raise HeatMapFileError(f"{name} holds {dtype} in a layout that heat maps do not use.")
        # compared before anything is allocated: a header can claim any shape
        size = math.prod(shape) * dtype.itemsize
        if min(shape, default=1) < 0 or size != member.file_size - stream.tell():
            raise HeatMapFileError(f"{name} does not hold the {size} bytes that its shape {shape} needs.")
        content = stream.read(size)
    # a copy: arrays over bytes are read-only
    return np.frombuffer(content, dtype=dtype).reshape(shape).copy()
