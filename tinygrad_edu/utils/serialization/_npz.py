"""The plain form, `.npz`: a zip with `manifest.json`, which describes the nest, and one `.npy` member for each array."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import CheckpointError
from tinygrad_edu.utils.serialization._files import MANIFEST

FORMAT = "tinygrad_edu checkpoint"
VERSION = 1
_WHOLE = "the object"  # what messages call the nest itself; its parts go by their index, as ['model']['0.weight']


def encode(obj: Any) -> tuple[Any, list[np.ndarray[Any, Any]]]:
    """The nest as JSON, and the arrays that it refers to by number."""
    arrays: list[np.ndarray[Any, Any]] = []
    return _Encoder(arrays).encode(obj, ""), arrays


def write(encoded: tuple[Any, list[np.ndarray[Any, Any]]], file: BinaryIO) -> None:
    tree, arrays = encoded
    manifest = {"format": FORMAT, "version": VERSION, "arrays": len(arrays), "tree": tree}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(MANIFEST, json.dumps(manifest))
        for i, array in enumerate(arrays):
            with archive.open(f"{i}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


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
        raise unsupported(value, where)

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


def unsupported(value: Any, where: str) -> CheckpointError:
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


def read(path: Path) -> Any:
    """What `write` wrote."""
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        if manifest["format"] != FORMAT:
            raise KeyError(MANIFEST)
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
