"""`save` and `load`: nests of tensors, arrays, numbers and strings in one file, and loading one runs no code of its own.

The name says which form a file has: `.npz` (NumPy's, `_npz.py`), `.safetensors` (`_safetensors.py`), or `.pt` and its
like (PyTorch's, `_pytorch.py`, whose pickle is read by an interpreter of this package that knows a list of names and
refuses all others: `_unpickler.py`).
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

from tinygrad_edu.errors import CheckpointError
from tinygrad_edu.utils.serialization import _npz, _pytorch, _safetensors
from tinygrad_edu.utils.serialization._allowed import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)
from tinygrad_edu.utils.serialization._files import diagnosis, missing, path_of, replacing
from tinygrad_edu.utils.serialization._npz import FORMAT, VERSION

__all__ = [
    "FORMAT",
    "VERSION",
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "load",
    "safe_globals",
    "save",
    "write_file",
]

PYTORCH = (".pt", ".pth", ".ckpt", ".tar", ".bin", ".pkl", ".model")

otherwise: Any = _npz
"""The form of a file whose name says none; PyTorch's in a script that runs as one of PyTorch's."""


def save(obj: Any, f: str | os.PathLike[str] | Any, **_: Any) -> None:
    """Write `obj` to the file `f`, whole or not at all: an existing file is replaced only once the new one is safely on
    disk.

    `obj` is nested of dicts, lists and tuples down to Tensors, NumPy arrays and scalars, numbers, strings, bytes, bools
    and None: a `state_dict()`, say. A Tensor's values are stored, and for a leaf whether it requires a gradient. The
    file gets exactly the name given, and its form from that: PyTorch's for `.pt`, `.pth`, `.ckpt`, `.tar`, `.bin`, `.pkl`,
    `.model` and for an open file (`torch.load` reads it; whole modules can be stored too, by the names of their classes),
    `.safetensors` for a flat dict of tensors, NumPy's `.npz` otherwise. Raises CheckpointError for anything else in `obj`
    (saying where it is), or where the file can't be written.
    """
    if hasattr(f, "write"):
        _pytorch.write(_pytorch.encode(obj), f)
        return
    path = path_of(f, "save")
    form: Any = {".npz": _npz, ".safetensors": _safetensors} | dict.fromkeys(PYTORCH, _pytorch)
    form = form.get(path.suffix, otherwise)
    encoded = form.encode(obj)  # before a file is made
    with replacing(path) as file:
        form.write(encoded, file)


def write_file(f: Any, content: bytes, name: str) -> None:
    """Write bytes whole or not at all, to a path or an open file; `name` is the function's that does, for messages."""
    if hasattr(f, "write"):
        f.write(content)
        return
    with replacing(path_of(f, name), name) as file:
        file.write(content)


def load(
    f: str | os.PathLike[str] | Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool = True,
    **_: Any,
) -> Any:
    """What `save` or PyTorch's wrote to the file `f`: new Tensors and arrays in the same nest.

    No file is ever executed: of a PyTorch checkpoint's pickle only tensors, containers, numbers and strings are read, and
    the classes and functions named in `safe_globals`; with `weights_only=False` modules too, if their classes are imported
    already. A bfloat16 tensor becomes float32, which holds the same values. `map_location` is there for scripts that pass
    it: there is one device here. Raises CheckpointError where there is no such file, or it is truncated, damaged, needs
    a name that isn't allowed, or is something else (saying what it seems to be).
    """
    if hasattr(f, "read"):
        return _read("the open file", f, None, weights_only)
    path = path_of(f, "load")
    if not path.is_file():
        raise missing(path)
    return _read(str(path), path, path, weights_only)


def _read(name: str, source: Any, path: Path | None, weights_only: bool) -> Any:
    try:
        if path is not None and _safetensors.recognizes(path):
            return _safetensors.read(path)
        with zipfile.ZipFile(source) as archive:
            if (root := _pytorch.root(archive)) is not None:
                return _pytorch.read(archive, root, name, weights_only)
        return _npz.read(source)
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"load: {name} can't be read: {error.strerror or error}.") from error
    # A broken or hostile file can make zipfile, json, NumPy's reader and ours raise nearly anything; none of them executes
    # anything.
    except Exception as error:
        what = diagnosis(path, error) if path else f"{name} is no checkpoint, or it is damaged ({error})."
        raise CheckpointError(f"load: {what}") from error
