"""The form `.safetensors`: a flat dict of tensors, which PyTorch's world reads too. The library is an extra."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import CheckpointError

_DTYPES = {
    "F16": "float16", "F32": "float32", "F64": "float64", "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
    "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64", "BOOL": "bool", "C64": "complex64",
}  # fmt: skip
_NAMES = {name: code for code, name in _DTYPES.items()}


def _library(doing: str) -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise CheckpointError(
            f'{doing}: a .safetensors file needs its library: pip install "tinygrad-edu[safetensors]"'
        ) from None
    return safetensors


def recognizes(path: Path) -> bool:
    """Whether a file begins as this form does: with the length of a JSON header, and that."""
    with path.open("rb") as file:
        head = file.read(9)
    return head[8:] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size


def encode(obj: Any) -> bytes:
    """The whole file; only a dict of tensors or arrays has this form."""
    library = _library("save")
    if not isinstance(obj, dict):
        raise CheckpointError(f"save: a .safetensors file holds a dict of tensors, not a {type(obj).__name__}.")
    entries: dict[str, np.ndarray[Any, Any]] = {}
    for key, value in obj.items():
        array = value.detach().numpy() if isinstance(value, Tensor) and not value.level else value
        if not isinstance(key, str) or not isinstance(array, np.ndarray):
            raise CheckpointError(
                f"save: a .safetensors file holds tensors by name, and [{key!r}] is a {type(value).__name__}. A .pt or .npz file "
                "takes nests, numbers and strings too."
            )
        if array.dtype.name not in _NAMES:
            raise CheckpointError(f"save: a .safetensors file has no dtype {array.dtype}, which [{key!r}] is.")
        entries[key] = np.ascontiguousarray(array).reshape(array.shape)
    # The metadata that transformers and its like look for.
    whole: bytes = library.numpy.save(entries, {"format": "pt"})
    return whole


def write(encoded: bytes, file: BinaryIO) -> None:
    file.write(encoded)


def read(path: Path) -> dict[str, Tensor]:
    """The tensors by name, in the file's order; bfloat16 becomes float32."""
    library = _library("load")
    try:
        found = library.deserialize(path.read_bytes())
    except library.SafetensorError as error:
        raise CheckpointError(f"load: {path} seems to be a safetensors file, but it is damaged ({error}).") from error
    return {name: make(_array(path, name, entry), None) for name, entry in found}


def _array(path: Path, name: str, entry: Any) -> np.ndarray[Any, Any]:
    code, raw = entry["dtype"], bytearray(entry["data"])
    if code == "BF16":
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])
    if code not in _DTYPES:
        raise CheckpointError(f"load: {path}: {name} is of dtype {code}, which NumPy doesn't have.")
    return np.frombuffer(raw, _DTYPES[code]).reshape(entry["shape"])
