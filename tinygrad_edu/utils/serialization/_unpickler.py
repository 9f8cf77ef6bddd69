"""An interpreter of pickles that calls only what is on a list: the names of a PyTorch checkpoint, and what the user allowed.

It knows the instructions that such checkpoints use, and raises at any other.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import CheckpointError
from tinygrad_edu.ops.device import device
from tinygrad_edu.utils.serialization._allowed import KINDS, added, full_name, imported, is_module_class

STORAGES = {
    "Float": np.float32, "Double": np.float64, "Half": np.float16, "Long": np.int64, "Int": np.int32, "Short": np.int16,
    "Char": np.int8, "Byte": np.uint8, "Bool": np.bool_, "ComplexFloat": np.complex64, "ComplexDouble": np.complex128,
}  # fmt: skip
BFLOAT16 = "BFloat16"
_DTYPES = [np.dtype(dtype).name for dtype in STORAGES.values()]


def rebuild_tensor(
    storage: Any,
    offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any = False,
    hooks: Any = None,
    metadata: Any = None,
) -> Tensor:
    """A tensor in the memory of its storage; one that reaches beyond it is refused."""
    size, stride = tuple(size), tuple(stride)
    for n in (offset, *size, *stride):
        if type(n) is not int or n < 0:
            raise ValueError(f"a tensor with offset {offset}, size {size} and stride {stride}")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if not isinstance(storage, np.ndarray) or (0 not in size and last >= storage.size):
        raise ValueError(f"a tensor of size {size} that reaches beyond its storage")
    steps = tuple(step * storage.itemsize for step in stride)
    array = np.ndarray(size, storage.dtype, storage, offset * storage.itemsize if storage.size else 0, steps)
    return make(array, None).requires_grad_(bool(requires_grad))


def rebuild_parameter(data: Any, requires_grad: Any = True, hooks: Any = None, state: Any = None) -> Tensor:
    """A Parameter, where there is such a class."""
    if not isinstance(data, Tensor):
        raise ValueError("a parameter of something else than a tensor")
    kind: Any = KINDS.get("Parameter")
    return data.requires_grad_(bool(requires_grad)) if kind is None else kind(data, bool(requires_grad))


def _rebuild_from_type(rebuild: Any, kind: Any, args: Any, state: Any) -> Tensor:
    if rebuild not in (rebuild_tensor, rebuild_parameter):
        raise ValueError("a tensor of a class of its own")
    return rebuild(*args)  # type: ignore[no-any-return]


def _numpy_dtype(code: Any, *_: Any) -> np.dtype[Any]:
    dtype = np.dtype(code) if type(code) is str else None
    if dtype is None or dtype.kind not in "fciubSU" or dtype.names:
        raise ValueError(f"an array of {code!r}")
    return dtype


def _scalar(dtype: Any, raw: bytes) -> Any:
    return np.frombuffer(raw, dtype, 1)[0]


def _encode(text: Any, encoding: Any) -> bytes:
    if encoding != "latin1" or type(text) is not str:
        raise ValueError(f"bytes written as {encoding!r}")
    return text.encode("latin1")


def _numbers() -> dict[str, Any]:
    names: dict[str, Any] = {f"torch.{name}": np.dtype(name) for name in _DTYPES}
    return names | {f"torch.{name}Storage": name for name in (*STORAGES, BFLOAT16)}


NAMES: dict[str, Any] = {
    "torch._utils._rebuild_tensor_v2": rebuild_tensor,
    "torch._utils._rebuild_tensor": rebuild_tensor,
    "torch._utils._rebuild_parameter": rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": rebuild_parameter,
    "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
    "torch.Tensor": "Tensor",
    "torch.nn.parameter.Parameter": "Parameter",
    "torch.Size": tuple,
    "torch.device": device,
    "collections.OrderedDict": OrderedDict,
    "_codecs.encode": _encode,
    "numpy.dtype": _numpy_dtype,
    "numpy.ndarray": "ndarray",
} | _numbers()
for _module in ("__builtin__", "builtins"):
    NAMES |= {f"{_module}.{kind.__name__}": kind for kind in (set, complex)}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    NAMES |= {f"{_module}._reconstruct": lambda *_: np.empty(0), f"{_module}.scalar": _scalar}

_OPCODES = """
    PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT BINUNICODE SHORT_BINUNICODE
    BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 EMPTY_LIST EMPTY_TUPLE EMPTY_DICT EMPTY_SET ADDITEMS APPEND APPENDS
    SETITEM SETITEMS TUPLE TUPLE1 TUPLE2 TUPLE3 GLOBAL STACK_GLOBAL REDUCE NEWOBJ BUILD BINPUT LONG_BINPUT BINGET
    LONG_BINGET MEMOIZE BINPERSID
"""

# The pure Python class: what each instruction does can be replaced there, and the pickle of a checkpoint is small.
_Base: Any = pickle._Unpickler


class Unpickler(_Base):  # type: ignore[misc]
    """Reads one pickle. `storage(kind, key, count)` gives the memory of a tensor."""

    def __init__(self, file: Any, name: str, storage: Callable[[str, str, int], Any], weights_only: bool) -> None:
        super().__init__(file, encoding="utf-8")
        self.name = name
        self.storage = storage
        self.weights_only = weights_only

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        found = NAMES.get(full)
        if found is None:
            found = added(full)
        if found is None and not self.weights_only:
            found = imported(module, name)
        if found is None:
            raise CheckpointError(_REFUSED.format(name=self.name, full=full))
        return found

    def persistent_load(self, pid: Any) -> Any:
        word, kind, key, _, count = pid
        if word != "storage" or type(kind) is not str or type(key) is not str or type(count) is not int:
            raise ValueError(f"a reference of unknown kind {word!r}")
        return self.storage(kind, key, count)

    def _reduce(self) -> None:
        args, function = self.stack.pop(), self.stack[-1]
        known = function in (*_CALLABLE, set, complex, tuple, device, OrderedDict)
        if not known and (is_module_class(function) or added(full_name(function)) is not function):
            raise ValueError(f"a call of {function!r}")
        self.stack[-1] = function(*args)

    def _newobj(self) -> None:
        args, kind = self.stack.pop(), self.stack[-1]
        if not isinstance(kind, type) or not (
            kind is OrderedDict or is_module_class(kind) or added(full_name(kind)) is kind
        ):
            raise ValueError(f"an instance of {kind!r}")
        self.stack[-1] = kind.__new__(kind, *args)

    def _build(self) -> None:
        state, made = self.stack.pop(), self.stack[-1]
        kind = type(made)
        if isinstance(made, np.dtype):
            if state[1] == ">":
                raise ValueError("an array of another byte order")
        elif isinstance(made, np.ndarray):
            _, shape, dtype, fortran, raw = state
            if not isinstance(dtype, np.dtype) or type(raw) is not bytes:
                raise ValueError("an array that isn't plain")
            made.__setstate__((1, tuple(int(n) for n in shape), dtype, bool(fortran), raw))  # type: ignore[arg-type]  # checks the length
        elif kind is OrderedDict or is_module_class(kind) or added(full_name(kind)) is kind:
            if hasattr(made, "__setstate__"):
                made.__setstate__(state)
            else:
                made.__dict__.update(state)
        else:
            raise ValueError(f"a state for {kind.__name__}")

    dispatch: ClassVar[dict[int, Any]] = {
        code: _Base.dispatch[code] for name in _OPCODES.split() for code in getattr(pickle, name)
    }
    dispatch[pickle.REDUCE[0]] = _reduce
    dispatch[pickle.NEWOBJ[0]] = _newobj
    dispatch[pickle.BUILD[0]] = _build


_CALLABLE = tuple(value for value in NAMES.values() if callable(value) and not isinstance(value, type))
_REFUSED = (
    "load: {name} needs {full}, which isn't on the list of what is read from a checkpoint: tensors, numbers, strings and "
    "containers of them. Nothing was run. Save a state_dict() instead of an object; or, where you trust the file, allow the "
    "name: with serialization.safe_globals([...]), or weights_only=False for modules whose classes are imported."
)
