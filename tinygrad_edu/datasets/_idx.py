"""The IDX format that MNIST and its relatives come in; which files make up a data set is not known here.

An IDX file is two zero bytes, a type code, the number of dimensions, each dimension as a big-endian uint32, then the
values in C order, big-endian (Y. LeCun, "The MNIST database of handwritten digits", FILE FORMATS).
"""

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.errors import DataError

_DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_GZIP_MAGIC = b"\x1f\x8b"
_ANY_MAGIC = "00 00, a type code (" + ", ".join(f"{code:02x} {dtype.name}" for code, dtype in _DTYPES.items()) + ")"


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read one IDX file, packed with gzip if its name ends in ``.gz``.

    Args:
        path: a file of type uint8, int8, int16, int32, float32 or float64 and any number of dimensions.

    Returns:
        A fresh array of the shape and type that the file's header gives, in the machine's byte order.

    Raises:
        DataError: the file is missing or unreadable; it isn't gzip although named so, or its gzip stream is cut short
            or damaged; its first four bytes aren't those of an IDX file; it holds fewer or more bytes than its header
            announces.
    """
    array = parse_idx(read_bytes(Path(path)), source=str(path))
    return array.astype(array.dtype.newbyteorder("="))


def read_bytes(path: Path) -> bytes:
    """All bytes of ``path``, unpacked if its name ends in ``.gz``. Raises DataError as `read_idx` does."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except OSError as error:
        raise DataError(f"{path}: can't be read: {error.strerror or error}") from error
    if path.suffix != ".gz":
        return raw
    if not raw.startswith(_GZIP_MAGIC):
        raise DataError(
            f"{path}: named .gz, but not a gzip file: it starts with {_show(raw[:4])}, expected 1f 8b; "
            f"if it is unpacked already, rename it to {path.stem}"
        )
    try:
        return gzip.decompress(raw)
    except EOFError:
        raise DataError(
            f"{path}: its gzip stream is cut short after {len(raw):,} bytes; delete the file and fetch it again"
        ) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: its gzip stream is damaged ({error}); delete the file and fetch it again") from error


def parse_idx(data: bytes, *, source: str, magic: bytes | None = None) -> NDArray[Any]:
    """The array in the bytes of an IDX file, as a read-only view of them in the file's big-endian order.

    Args:
        data: the whole file, unpacked.
        source: how to call it in errors.
        magic: the four bytes that it has to start with, if only one type and rank will do.

    Raises:
        DataError: wrong magic, or too few or too many bytes.
    """
    if len(data) < 4:
        raise DataError(f"{source}: ends inside its IDX header: expected at least 4 bytes, found {len(data)}")
    _check_magic(data, source=source, magic=magic)
    dtype, ndim = _DTYPES[data[2]], data[3]
    header = 4 + 4 * ndim
    if len(data) < header:
        raise DataError(
            f"{source}: ends inside its IDX header: expected {header} bytes for {ndim} dimensions, found {len(data)}"
        )
    shape = struct.unpack(f">{ndim}I", data[4:header])
    expected = header + math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        what = "truncated" if len(data) < expected else "followed by bytes that don't belong to it"
        raise DataError(
            f"{source}: {what}: a {dtype.name} array of shape {shape} makes a file of {expected:,} bytes, "
            f"found {len(data):,}"
        )
    return np.frombuffer(data, dtype=dtype, count=math.prod(shape), offset=header).reshape(shape)


def _check_magic(data: bytes, *, source: str, magic: bytes | None) -> None:
    found = data[:4]
    if found.startswith(_GZIP_MAGIC):
        raise DataError(
            f"{source}: not an IDX file but a gzip file: it starts with {_show(found)}; give it a name that ends in .gz"
        )
    if magic is not None and found != magic:
        raise DataError(
            f"{source}: wrong magic: it starts with {_show(found)}, expected {_show(magic)} "
            f"({_DTYPES[magic[2]].name}, {magic[3]} dimension{'s' if magic[3] != 1 else ''})"
        )
    if found[:2] != b"\0\0" or found[2] not in _DTYPES:
        raise DataError(
            f"{source}: wrong magic, so not an IDX file: it starts with {_show(found)}, "
            f"expected {_ANY_MAGIC} and the number of dimensions"
        )


def _show(data: bytes) -> str:
    return data.hex(" ") if data else "no byte at all"
