"""Files as such: written whole or not at all, and told by their first bytes where they can't be read."""

from __future__ import annotations

import os
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tinygrad_edu.errors import CheckpointError

MANIFEST = "manifest.json"  # the member of a zip that makes it one of ours


def path_of(f: Any, name: str) -> Path:
    try:
        return Path(os.fspath(f))
    except TypeError:
        raise CheckpointError(
            f"{name}: the file is given by its path, a str or a Path, not {type(f).__name__}."
        ) from None


@contextmanager
def replacing(path: Path, name: str = "save") -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` when the block ends well and vanishes when it doesn't."""
    target = Path(os.path.realpath(path))  # through a symbolic link, which stays one
    # Beside the target: a rename is atomic only within one file system.
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        if target.is_dir():
            raise IsADirectoryError(None, "it is a directory")
        try:
            with open(temporary, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        why = error.strerror or str(error)
        hint = "" if target.parent.is_dir() else f" There is no directory {target.parent}: make it first."
        raise CheckpointError(f"{name}: {path} can't be written: {why}.{hint} Nothing was changed.") from error


def missing(path: Path) -> CheckpointError:
    if path.is_dir():
        return CheckpointError(f"load: {path} is a directory; name the file in it.")
    if not path.parent.is_dir():
        return CheckpointError(f"load: no such file: {path}; there is no directory {path.parent} either.")
    beside = sorted(p.name for p in path.parent.iterdir() if p.is_file() and not p.name.startswith("."))[:10]
    return CheckpointError(f"load: no such file: {path}. In its directory: {', '.join(beside) or 'no files'}.")


_SIGNATURES = [
    (b"\x93NUMPY", "a NumPy .npy array: read it with numpy.load"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG image"),
    (b"%PDF", "a PDF document"),
]


def diagnosis(path: Path, error: Exception) -> str:
    """What is wrong with a file that couldn't be read as one of ours, by its first bytes."""
    with open(path, "rb") as file:
        head = file.read(256)
    size = path.stat().st_size
    if not head:
        return f"{path} is empty (0 bytes). Was it written to the end?"
    if head.startswith(b"PK"):
        if isinstance(error, KeyError) and MANIFEST in str(error):
            return f"{path} is no checkpoint of tinygrad_edu; it seems to be {_foreign_zip(path)}."
        if MANIFEST.encode() in head:
            end = isinstance(error, zipfile.BadZipFile) and "not a zip" in str(error)
            damage = "it ends too early: it was truncated" if end else f"it is damaged ({error})"
            return f"{path} ({size} bytes) begins like a checkpoint, but {damage}. Copy or save it again."
        return (
            f"{path} ({size} bytes) begins like a zip archive, but can't be read as one ({error}): it may be truncated."
        )
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            return f"{path} is no checkpoint of tinygrad_edu; it seems to be {what}."
    if head[:1] == b"\x80" and head[1:2] < b"\x06":
        return (
            f"{path} is no checkpoint of tinygrad_edu; it seems to be a Python pickle (an old PyTorch checkpoint is one). A "
            "pickle can run any code when it is read, so it wasn't. Where you trust it, read it with what wrote it, and save its "
            "arrays here."
        )
    text = all(byte >= 32 or byte in b"\t\n\r" for byte in head)
    what = (
        f"a text file that begins with {head[:40].decode(errors='replace')!r}"
        if text
        else f"an unknown format ({head[:8].hex(' ')} …)"
    )
    return f"{path} is no checkpoint of tinygrad_edu; it seems to be {what}."


def _foreign_zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if names and all(name.endswith(".npy") for name in names):
        return "a plain .npz of arrays: read it with numpy.load"
    return f"another zip archive (it holds {', '.join(names[:4]) or 'nothing'})"
