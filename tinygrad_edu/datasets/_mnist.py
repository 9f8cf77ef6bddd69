"""MNIST: where its four files are, and what makes them MNIST; how to read or fetch one file is not decided here."""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.datasets._base import ImageDataset
from tinygrad_edu.datasets._download import AllMirrorsError, fetch_gzip
from tinygrad_edu.datasets._idx import parse_idx, read_bytes
from tinygrad_edu.errors import DataError


class _File(NamedTuple):
    name: str
    magic: bytes
    sha256: str  # of the unpacked bytes: gzip's own differ from one packer to the next


_IMAGES, _LABELS = b"\0\0\x08\x03", b"\0\0\x08\x01"
_FILES = (
    _File("train-images-idx3-ubyte", _IMAGES, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    _File("train-labels-idx1-ubyte", _LABELS, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    _File("t10k-images-idx3-ubyte", _IMAGES, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    _File("t10k-labels-idx1-ubyte", _LABELS, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
)
_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


def mnist(root: str | os.PathLike[str] | None = None, *, download: bool = True) -> ImageDataset:
    """MNIST: 60,000 handwritten digits of 28x28 pixels to train on and 10,000 to test on.

    The four IDX files, plain or with ``.gz``, are taken from ``root``, else from the directory that the environment
    variable ``TINYGRAD_EDU_DATA`` names, else from the user's cache. Those that are absent are downloaded into it; the
    environment variable ``TINYGRAD_EDU_MNIST_MIRRORS`` replaces the addresses that are tried (separated by spaces).
    Every file is checked against its known SHA-256 each time it is read.

    Args:
        root: the directory of the files.
        download: fetch what is absent; if false, an absent file is an error.

    Returns:
        An `ImageDataset` with train_images (60000, 28, 28), test_images (10000, 28, 28), 10 classes; fresh arrays
        every call.

    Raises:
        DataError: a file is absent and wasn't downloaded, or is damaged, or isn't MNIST's; the message says which and
            what to do.

    Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
    """
    folder = _folder(root)
    paths = [_find(folder, file) for file in _FILES]
    absent = [file for file, path in zip(_FILES, paths, strict=True) if path is None]
    if absent:
        if not download:
            raise DataError(f"{folder}: no {', '.join(file.name for file in absent)}. {_by_hand(folder)}")
        _download(folder, absent)
        paths = [_find(folder, file) for file in _FILES]
    arrays = [_load(file, path or folder / file.name) for file, path in zip(_FILES, paths, strict=True)]
    return ImageDataset(
        name="mnist",
        train_images=_scaled(arrays[0]),  # (60000, 28, 28)
        train_labels=arrays[1].astype(np.int64),  # (60000,)
        test_images=_scaled(arrays[2]),  # (10000, 28, 28)
        test_labels=arrays[3].astype(np.int64),  # (10000,)
        classes=10,
    )


def _folder(root: str | os.PathLike[str] | None) -> Path:
    chosen = root if root is not None else os.environ.get("TINYGRAD_EDU_DATA")
    return Path(chosen).expanduser() if chosen else _cache() / "tinygrad_edu" / "mnist"


def _cache() -> Path:
    """Where this system keeps what programs can fetch again."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    # The XDG specification: a relative path is invalid and is to be ignored.
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return named if named.is_absolute() else Path.home() / ".cache"


def _find(folder: Path, file: _File) -> Path | None:
    candidates = (folder / file.name, folder / f"{file.name}.gz")
    return next((path for path in candidates if path.is_file()), None)


def _download(folder: Path, absent: list[_File]) -> None:
    mirrors = os.environ.get("TINYGRAD_EDU_MNIST_MIRRORS", "").split() or list(_MIRRORS)
    for file in absent:
        target = folder / f"{file.name}.gz"
        try:
            working = fetch_gzip(mirrors, target, sha256=file.sha256)
        except AllMirrorsError as error:
            tried = "\n".join(f"  {reason}" for reason in error.reasons)
            raise DataError(f"MNIST couldn't be downloaded; these were tried:\n{tried}\n{_by_hand(folder)}") from error
        # A dead mirror costs a time-out for every file, so the one that works goes first.
        mirrors.sort(key=lambda mirror: mirror != working)


def _by_hand(folder: Path) -> str:
    names = "\n".join(f"  {file.name}" for file in _FILES)
    return (
        f"Put these files into {folder}, as they are or packed with gzip (.gz):\n{names}\n"
        "or name a directory that has them, with mnist(root=...) or the environment variable TINYGRAD_EDU_DATA"
    )


def _load(file: _File, path: Path) -> NDArray[Any]:
    data = read_bytes(path)
    # Before the hash: a cut or swapped file is then called that, and not just different.
    array = parse_idx(data, source=str(path), magic=file.magic)
    found = hashlib.sha256(data).hexdigest()
    if found != file.sha256:
        raise DataError(
            f"{path}: an IDX file, but not MNIST's: its SHA-256 (unpacked) is {found}, expected {file.sha256}; "
            "delete it and call mnist() again to download it, or read it with read_idx()"
        )
    return array


def _scaled(images: NDArray[Any]) -> NDArray[np.float32]:
    # 30 ms for the 60,000 images; a table of the 256 quotients takes 85 ms.
    scaled: NDArray[np.float32] = np.divide(images, 255, dtype=np.float32)
    return scaled
