"""`read_idx`: every type and rank it reads, and every way in which a file can be wrong."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.datasets import read_idx
from tinygrad_edu.errors import DataError

CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def idx_bytes(array: np.ndarray) -> bytes:
    header = bytes([0, 0, CODES[array.dtype.name], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def array() -> np.ndarray:
    return np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", [(), (5,), (0,), (3, 0), (2, 3), (2, 3, 4)])
@pytest.mark.parametrize("dtype", CODES)
def test_reads_back_what_was_written(tmp_path: Path, dtype: str, shape: tuple[int, ...], packed: bool) -> None:
    expected = np.random.default_rng(0).integers(0, 100, shape).astype(dtype) * np.ones((), dtype)
    path = tmp_path / ("a.gz" if packed else "a")
    data = idx_bytes(np.asarray(expected))
    path.write_bytes(gzip.compress(data) if packed else data)
    found = read_idx(path)
    np.testing.assert_array_equal(found, expected, strict=True)
    assert found.dtype.isnative
    assert found.flags.writeable


def test_takes_a_path_as_text(tmp_path: Path, array: np.ndarray) -> None:
    (tmp_path / "a").write_bytes(idx_bytes(array))
    np.testing.assert_array_equal(read_idx(str(tmp_path / "a")), array)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.gz: there is no such file"):
        read_idx(tmp_path / "absent.gz")


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="can't be read: Is a directory"):
        read_idx(tmp_path)


def test_named_gz_but_not_gzip(tmp_path: Path, array: np.ndarray) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(idx_bytes(array))
    with pytest.raises(
        DataError, match=r"images\.gz: named \.gz, but .* starts with 00 00 08 03.* rename it to images$"
    ):
        read_idx(path)


def test_an_empty_file_named_gz(tmp_path: Path) -> None:
    (tmp_path / "a.gz").touch()
    with pytest.raises(DataError, match="starts with no byte at all, expected 1f 8b"):
        read_idx(tmp_path / "a.gz")


@pytest.mark.parametrize("keep", [2, 5, 12, -9, -1])
def test_a_gzip_stream_cut_short(tmp_path: Path, array: np.ndarray, keep: int) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx_bytes(array))[:keep])
    with pytest.raises(DataError, match=r"a\.gz: its gzip stream is cut short after \d+ bytes; delete the file"):
        read_idx(tmp_path / "a.gz")


def test_every_damaged_byte_of_a_gzip_stream_is_a_data_error_or_harmless(tmp_path: Path, array: np.ndarray) -> None:
    whole = gzip.compress(idx_bytes(array))
    errors = 0
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        (tmp_path / "a.gz").write_bytes(damaged)
        try:
            np.testing.assert_array_equal(read_idx(tmp_path / "a.gz"), array)  # a time stamp, say
        except DataError:
            errors += 1
    assert errors > len(whole) // 2


def test_gzip_that_isnt_named_so(tmp_path: Path, array: np.ndarray) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(idx_bytes(array)))
    with pytest.raises(DataError, match=r"a gzip file: it starts with 1f 8b .*; give it a name that ends in \.gz"):
        read_idx(tmp_path / "a")


@pytest.mark.parametrize("start", [b"\x89PNG", b"\0\0\x07\x03", b"\0\x01\x08\x03", b"\x03\x08\0\0"])
def test_wrong_magic_shows_what_was_found_and_what_was_expected(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "a").write_bytes(start + bytes(100))
    message = (
        f"wrong magic.* starts with {start.hex(' ')}, expected 00 00, a type code .08 uint8, 09 int8, .* dimensions"
    )
    with pytest.raises(DataError, match=message):
        read_idx(tmp_path / "a")


@pytest.mark.parametrize(("length", "expected"), [(0, "at least 4"), (3, "at least 4"), (4, "16"), (15, "16")])
def test_ends_inside_its_header(tmp_path: Path, array: np.ndarray, length: int, expected: str) -> None:
    (tmp_path / "a").write_bytes(idx_bytes(array)[:length])
    with pytest.raises(DataError, match=f"ends inside its IDX header: expected {expected} bytes.*, found {length}$"):
        read_idx(tmp_path / "a")


def test_truncated_data(tmp_path: Path, array: np.ndarray) -> None:
    (tmp_path / "a").write_bytes(idx_bytes(array)[:-5])
    with pytest.raises(DataError, match=r"truncated: a uint8 array of shape \(2, 3, 4\) .* of 40 bytes, found 35$"):
        read_idx(tmp_path / "a")


def test_trailing_bytes(tmp_path: Path, array: np.ndarray) -> None:
    (tmp_path / "a").write_bytes(idx_bytes(array) + b"!")
    with pytest.raises(DataError, match=r"followed by bytes that don't belong to it: .* of 40 bytes, found 41$"):
        read_idx(tmp_path / "a")


def test_a_header_that_announces_more_than_any_memory_allocates_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\0\0\x0e\x04" + b"\xff" * 16)
    with pytest.raises(DataError, match="truncated: a float64 array"):
        read_idx(tmp_path / "a")
