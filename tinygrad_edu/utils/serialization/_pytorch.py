"""PyTorch's form: a zip with `data.pkl`, a pickle in which each tensor refers to its memory, the members `data/0`, `data/1`, …

`torch.load` reads what is written here, and its `weights_only=True` too.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from types import FunctionType
from typing import Any, BinaryIO

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import CheckpointError
from tinygrad_edu.ops.device import device
from tinygrad_edu.utils.serialization._allowed import KINDS, added, full_name, is_module_class
from tinygrad_edu.utils.serialization._npz import unsupported
from tinygrad_edu.utils.serialization._unpickler import BFLOAT16, STORAGES, Unpickler

_ROOT = "archive"
_KINDS = {np.dtype(dtype): name for name, dtype in STORAGES.items()}


# -- writing -------------------------------------------------------------------------------------------------------


class _Global:
    """A name of PyTorch's or NumPy's, to be written without importing anything."""

    def __init__(self, module: str, name: str) -> None:
        self.line = f"{module}\n{name}\n".encode()

    def __call__(self) -> None:
        """Pickler asks that what stands for a function be callable."""


class _Storage:
    """The memory of one or several tensors."""

    def __init__(self, key: str, memory: np.ndarray[Any, Any]) -> None:
        self.key = key
        self.memory = memory  # one axis


class _NumpyDType:
    """The dtype of an array, which is written as NumPy does; that of the user is PyTorch's."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype


_TENSOR = _Global("torch._utils", "_rebuild_tensor_v2")
_PARAMETER = _Global("torch._utils", "_rebuild_parameter")
_ORDERED_DICT = _Global("collections", "OrderedDict")
_PLAIN = (type(None), bool, int, float, complex, str, list, tuple, dict, set, _Global)

# The pure Python class: only there can names be written of what isn't imported.
_Base: Any = pickle._Pickler


class _Pickler(_Base):  # type: ignore[misc]
    def __init__(self, file: BinaryIO, whole: Any) -> None:
        super().__init__(file, protocol=2)
        self.whole = whole
        self.storages: dict[int, _Storage] = {}
        self.roots: list[Any] = []  # whose ids are the keys: alive, so that an id stays its own

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, np.dtype):
            if obj not in _KINDS:
                raise CheckpointError(f"save: PyTorch has no dtype for {obj}; an .npz file can hold it.")
            obj = _Global("torch", obj.name)
        super().save(obj, save_persistent_id)

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, _Storage):
            kind = _Global("torch", f"{_KINDS[obj.memory.dtype]}Storage")
            return ("storage", kind, obj.key, "cpu", obj.memory.size)
        return None

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        if kind in _PLAIN:
            return NotImplemented
        if kind is bytes:
            return _Global("_codecs", "encode"), (obj.decode("latin1"), "latin1")
        if isinstance(obj, Tensor) and not obj.level:
            return self._tensor(obj)
        if isinstance(obj, np.ndarray) and not obj.dtype.hasobject:
            raw = np.ascontiguousarray(obj)
            name = _Global("numpy._core.multiarray", "_reconstruct")
            state = (1, obj.shape, _NumpyDType(obj.dtype), False, raw.tobytes())
            return name, (_Global("numpy", "ndarray"), (0,), b"b"), state
        if isinstance(obj, np.generic):
            return _Global("numpy._core.multiarray", "scalar"), (_NumpyDType(obj.dtype), obj.tobytes())
        if kind is _NumpyDType:
            _, args, state = obj.dtype.__reduce__()
            return _Global("numpy", "dtype"), args, state
        if isinstance(obj, device):
            return _Global("torch", "device"), (str(obj),)
        if isinstance(obj, dict) or is_module_class(kind) or added(full_name(kind)) is kind or _may_be_named(obj):
            return NotImplemented
        raise unsupported(obj, _place(self.whole, obj, ""))

    def _tensor(self, tensor: Tensor) -> Any:
        parameter = KINDS.get("Parameter")
        if parameter is not None and isinstance(tensor, parameter):
            return _PARAMETER, (tensor.detach(), tensor.requires_grad, _Hooks())
        array = tensor.detach().numpy()
        if array.dtype not in _KINDS:
            raise CheckpointError(
                f"save: {_place(self.whole, tensor, '') or 'the tensor'} is {array.dtype}, which PyTorch's checkpoints don't "
                "have; convert it, or save to an .npz file."
            )
        storage, offset, strides = self._storage(array)
        leaf = tensor.requires_grad and tensor.is_leaf
        return _TENSOR, (storage, offset, array.shape, strides, leaf, _Hooks())

    def _storage(self, array: np.ndarray[Any, Any]) -> tuple[_Storage, int, tuple[int, ...]]:
        """The memory that an array lies in, its offset there and its steps in elements; shared as the arrays share it."""
        root: Any = array
        while isinstance(root.base, np.ndarray):
            root = root.base
        usable = root.flags.forc and root.dtype == array.dtype and min(array.strides, default=0) >= 0
        if not usable:
            array = root = np.ascontiguousarray(array)
        size = array.itemsize
        storage = self.storages.get(id(root))
        if storage is None:
            memory = root.reshape(-1, order="A")
            storage = self.storages[id(root)] = _Storage(str(len(self.storages)), memory)
            self.roots.append(root)
        start = array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
        return storage, start // size if array.size else 0, tuple(step // size for step in array.strides)

    def _save_global(self, obj: _Global) -> None:
        self.write(pickle.GLOBAL + obj.line)

    dispatch = _Base.dispatch | {_Global: _save_global}


class _Hooks(dict[str, Any]):
    """PyTorch has a dict of hooks for each tensor, always empty."""

    def __reduce__(self) -> Any:
        return _ORDERED_DICT, ()


def _may_be_named(obj: Any) -> bool:
    """Whether a class or function may be written by its name: it could be allowed again when the file is read."""
    return (
        is_module_class(obj)
        or (callable(obj) and added(full_name(obj)) is obj)
        or (isinstance(obj, FunctionType) and obj.__module__.startswith("tinygrad_edu."))
        or (isinstance(obj, type) and obj.__module__ in ("builtins", "collections"))
    )


def _place(nest: Any, wanted: Any, where: str) -> str:
    """Where in the nest an object is."""
    parts = nest.items() if isinstance(nest, dict) else enumerate(nest) if isinstance(nest, list | tuple) else ()
    for key, value in parts:
        if value is wanted:
            return f"{where}[{key!r}]"
        if found := _place(value, wanted, f"{where}[{key!r}]"):
            return found
    return ""


def encode(obj: Any) -> tuple[bytes, list[_Storage]]:
    """The pickle, and the memory that it refers to."""
    file = io.BytesIO()
    pickler = _Pickler(file, obj)
    try:
        pickler.dump(obj)
    except (pickle.PicklingError, AttributeError) as error:
        raise CheckpointError(f"save: {error}. A class or function must be found by its name in its module.") from error
    except RecursionError:
        raise CheckpointError("save: the object is nested too deeply.") from None
    return file.getvalue(), list(pickler.storages.values())


def write(encoded: tuple[bytes, list[_Storage]], file: Any) -> None:
    pickled, storages = encoded
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (("data.pkl", pickled), ("byteorder", b"little"), ("version", b"3\n")):
            archive.writestr(f"{_ROOT}/{name}", content)
        for storage in storages:
            memory = storage.memory.astype(storage.memory.dtype.newbyteorder("<"), copy=False)
            with archive.open(f"{_ROOT}/data/{storage.key}", "w", force_zip64=True) as member:
                member.write(memory.view(np.uint8).data if memory.size else b"")


# -- reading -------------------------------------------------------------------------------------------------------


def root(archive: zipfile.ZipFile) -> str | None:
    """The folder of the zip in which everything is, if it is a PyTorch checkpoint."""
    for name in archive.namelist():
        folder, _, file = name.rpartition("/")
        if file == "data.pkl":
            return f"{folder}/" if folder else ""
    return None


def read(archive: zipfile.ZipFile, folder: str, name: str, weights_only: bool) -> Any:
    """The nest in a checkpoint; `name` is the file's, for messages."""
    if f"{folder}byteorder" in archive.namelist() and archive.read(f"{folder}byteorder") != b"little":
        raise CheckpointError(f"load: {name} was written on a machine of another byte order, which isn't read here.")
    memories: dict[str, np.ndarray[Any, Any]] = {}

    def storage(kind: str, key: str, count: int) -> np.ndarray[Any, Any]:
        if key not in memories:
            memories[key] = _memory(archive, f"{folder}data/{key}", kind)
        if memories[key].size != count:
            raise ValueError(f"storage {key} has {memories[key].size} elements, not {count}")
        return memories[key]

    try:
        return Unpickler(io.BytesIO(_member(archive, f"{folder}data.pkl")), name, storage, weights_only).load()
    except CheckpointError:
        raise
    except Exception as error:  # a pickle can be wrong in any way
        raise CheckpointError(f"load: {name} is a PyTorch checkpoint, but it is damaged, or holds {error}.") from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"a compressed member {name}, which PyTorch never writes")
    return archive.read(name)


def _memory(archive: zipfile.ZipFile, name: str, kind: str) -> np.ndarray[Any, Any]:
    raw = bytearray(_member(archive, name))  # which can be written to
    if kind == BFLOAT16:  # the upper half of a float32
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(raw, STORAGES[kind])
