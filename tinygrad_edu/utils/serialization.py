"""`save` and `load`: nests of tensors, arrays, numbers and strings in one file that holds data only, never code.

A file is an uncompressed `.npz`: a zip with `manifest.json`, which describes the nest, and one `.npy` member for each
array, so `numpy.load` reads the arrays too. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
import os
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import CheckpointError

FORMAT = "tinygrad_edu checkpoint"
VERSION = 1
_MANIFEST = "manifest.json"
_WHOLE = "the object"  # what messages call the nest itself; its parts go by their index, as ['model']['0.weight']


def save(obj: Any, f: str | os.PathLike[str]) -> None:
    """Write `obj` to the file `f`, whole or not at all: an existing file is replaced only once the new one is safely on
    disk.

    `obj` is nested of dicts, lists and tuples down to Tensors, NumPy arrays and scalars, numbers, strings, bytes, bools
    and None: a `state_dict()`, say. A Tensor's values are stored, and for a leaf whether it requires a gradient. The
    file gets exactly the name given. Raises CheckpointError for anything else in `obj` (saying where it is), or where
    the file can't be written.
    """
    path = _path(f, "save")
    arrays: list[np.ndarray[Any, Any]] = []
    tree = _Encoder(arrays).encode(obj, "")
    manifest = {"format": FORMAT, "version": VERSION, "arrays": len(arrays), "tree": tree}
    with _replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_MANIFEST, json.dumps(manifest))
        for i, array in enumerate(arrays):
            with archive.open(f"{i}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def load(f: str | os.PathLike[str], map_location: Any = None, *, weights_only: bool = True) -> Any:
    """What `save` wrote to the file `f`: new Tensors and arrays in the same nest.

    `map_location` and `weights_only` are there for scripts that pass them to PyTorch; there is one device here, and no
    file is ever executed. Raises CheckpointError where there is no such file, or it is truncated, damaged, or not one
    of ours (saying what it seems to be).
    """
    path = _path(f, "load")
    if not path.is_file():
        raise _missing(path)
    try:
        return _read(path)
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"load: {path} can't be read: {error.strerror or error}.") from error
    # A broken or hostile file can make zipfile, json and NumPy's reader raise nearly anything; none of them executes
    # anything.
    except Exception as error:
        raise CheckpointError(f"load: {_diagnosis(path, error)}") from error


def _path(f: Any, name: str) -> Path:
    try:
        return Path(os.fspath(f))
    except TypeError:
        raise CheckpointError(
            f"{name}: the file is given by its path, a str or a Path, not {type(f).__name__}."
        ) from None


# -- writing -------------------------------------------------------------------------------------------------------


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
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
        raise CheckpointError(f"save: {path} can't be written: {why}.{hint} Nothing was changed.") from error


class _Encoder:
    """Turns a nest into JSON, and collects the arrays on the way. An array met twice is stored once."""

    def __init__(self, arrays: list[np.ndarray[Any, Any]]) -> None:
        self.arrays = arrays
        self.numbers: dict[int, int] = {}  # id(array) -> its place in `arrays`
        self.inside: set[int] = set()  # the containers around where we are

    def encode(self, value: Any, where: str) -> Any:
        """The JSON for one value: itself where JSON has it, else `{kind: content}`."""
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if np.isfinite(value) else {"float": repr(value)}
        if type(value) is complex:
            return {"complex": [repr(value.real), repr(value.imag)]}
        if isinstance(value, Tensor) and not value.level:
            kind = "leaf" if value.requires_grad and value.is_leaf else "tensor"
            return {kind: self.number(value.detach().numpy(), where)}
        if isinstance(value, np.ndarray):
            return {"array": self.number(value, where)}
        if isinstance(value, np.generic):
            return {"scalar": self.number(np.asarray(value), where)}
        if isinstance(value, bytes):
            return {"bytes": self.number(np.frombuffer(value, np.uint8), where)}
        # A named tuple is refused rather than loaded without its names.
        if isinstance(value, dict) or type(value) in (list, tuple):
            return self.container(value, where)
        raise _unsupported(value, where)

    def container(self, value: Any, where: str) -> Any:
        if id(value) in self.inside:
            raise CheckpointError(f"save: {where or _WHOLE} contains itself, and a file can't hold a circle.")
        self.inside.add(id(value))
        if isinstance(value, dict):
            encoded: Any = [
                [self.encode(k, f"a key of {where or _WHOLE}"), self.encode(v, f"{where}[{k!r}]")]
                for k, v in value.items()
            ]
        else:
            encoded = [self.encode(v, f"{where}[{i}]") for i, v in enumerate(value)]
        self.inside.discard(id(value))
        return {"dict" if isinstance(value, dict) else type(value).__name__: encoded}

    def number(self, array: np.ndarray[Any, Any], where: str) -> int:
        if array.dtype.hasobject:
            raise CheckpointError(
                f"save: {where or _WHOLE} is an array of Python objects, and only plain data is stored."
            )
        if id(array) not in self.numbers:
            self.numbers[id(array)] = len(self.arrays)
            self.arrays.append(array)  # and keeps it alive, so that its id stays its own
        return self.numbers[id(array)]


def _unsupported(value: Any, where: str) -> CheckpointError:
    kind = type(value).__name__
    if callable(getattr(value, "state_dict", None)):
        hint = "Save its .state_dict(), and load that into a fresh one with .load_state_dict()."
    elif isinstance(value, Tensor):
        hint = f"It is a value of {value.transform}: save what the transform returns."
    else:
        hint = (
            "Tensors, arrays, numbers, strings, bytes, bools, None, and dicts, lists and tuples of them can be saved."
        )
    return CheckpointError(f"save: {where or _WHOLE} is of type {kind}, which can't be stored without its code. {hint}")


# -- reading -------------------------------------------------------------------------------------------------------


def _read(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read(_MANIFEST))
        if manifest["format"] != FORMAT:
            raise KeyError(_MANIFEST)
        if manifest["version"] > VERSION:
            raise CheckpointError(
                f"load: {path} was written in version {manifest['version']} of the format, and this release reads up to "
                f"{VERSION}: update tinygrad_edu."
            )
        arrays = []
        for i in range(manifest["arrays"]):
            with archive.open(f"{i}.npy") as member:
                arrays.append(np.lib.format.read_array(member, allow_pickle=False))
                if member.read(1):  # reading to the end also checks the member's checksum
                    raise ValueError("there is more in the file than the array")
    return _decode(manifest["tree"], arrays)


def _decode(tree: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    match kind:
        case "dict":
            return {_decode(k, arrays): _decode(v, arrays) for k, v in content}
        case "list":
            return [_decode(v, arrays) for v in content]
        case "tuple":
            return tuple(_decode(v, arrays) for v in content)
        case "tensor":
            return make(arrays[content], None)
        case "leaf":
            return make(arrays[content], None).requires_grad_()
        case "array":
            return arrays[content]
        case "scalar":
            return arrays[content][()]
        case "bytes":
            return arrays[content].tobytes()
        case "float":
            return float(content)
        case "complex":
            return complex(float(content[0]), float(content[1]))
    raise ValueError(f"a value of unknown kind {kind!r}")


def _missing(path: Path) -> CheckpointError:
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


def _diagnosis(path: Path, error: Exception) -> str:
    """What is wrong with a file that couldn't be read as one of ours, by its first bytes."""
    with open(path, "rb") as file:
        head = file.read(256)
    size = path.stat().st_size
    if not head:
        return f"{path} is empty (0 bytes). Was it written to the end?"
    if head.startswith(b"PK"):
        if isinstance(error, KeyError) and _MANIFEST in str(error):
            return f"{path} is no checkpoint of tinygrad_edu; it seems to be {_foreign_zip(path)}."
        if _MANIFEST.encode() in head:
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
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < size:
        return f"{path} is no checkpoint of tinygrad_edu; it seems to be a safetensors file."
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
    if any(name.endswith("data.pkl") for name in names):
        return (
            "a PyTorch checkpoint, a zip with a pickle inside, which can run any code when it is read, so it wasn't. Where "
            "you trust it, read it with PyTorch and save {name: tensor.numpy()} here"
        )
    if names and all(name.endswith(".npy") for name in names):
        return "a plain .npz of arrays: read it with numpy.load"
    return f"another zip archive (it holds {', '.join(names[:4]) or 'nothing'})"
