"""`install()`: in this process `import torch` means this package, so that scripts written for PyTorch run as they are.

`tinygrad-edu run script.py` calls it before the script. It is opt-in, and refuses where PyTorch itself is imported.
"""

from __future__ import annotations

import functools
import importlib
import sys
import types
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.nn import Parameter
from tinygrad_edu.ops import node_names, printing
from tinygrad_edu.ops.device import device as Device
from tinygrad_edu.ops.size import Size
from tinygrad_edu.utils import serialization
from tinygrad_edu.utils.serialization import _npz, _pytorch

__all__ = ["VERSION", "DType", "install", "run_script", "uninstall"]

VERSION = "2.13.0+tinygrad_edu"
"""What `torch.__version__` says: the release of PyTorch whose names and numbers these are."""

_PACKAGE = "tinygrad_edu"
_BUILT_ON_IT = ("torchvision", "torchaudio", "torchtext")


class DType:
    """A dtype that prints as PyTorch's (`torch.float32`), and is NumPy's in every other way: equal, hashed and used as one.

    A script's tensors have these; the package sees NumPy's, of which there is one each as well.
    """

    __slots__ = ("dtype",)
    _known: ClassVar[dict[np.dtype[Any], DType]] = {}

    dtype: np.dtype[Any]  # where NumPy looks when it is given one of these for a dtype

    @classmethod
    def of(cls, dtype: np.dtype[Any]) -> DType:
        """The one for this dtype of NumPy's."""
        known = cls._known.get(dtype)
        if known is None:
            known = cls._known[dtype] = cls()
            known.dtype = dtype
        return known

    @property
    def is_floating_point(self) -> bool:
        return self.dtype.kind == "f"

    @property
    def is_complex(self) -> bool:
        return self.dtype.kind == "c"

    @property
    def is_signed(self) -> bool:
        return self.dtype.kind in "ifc"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.dtype, name)

    def __eq__(self, other: object) -> bool:
        return self is other or (not isinstance(other, DType) and self.dtype == other)

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"torch.{self.dtype}"

    def __deepcopy__(self, memo: Any) -> DType:
        return self

    def __reduce__(self) -> Any:
        return np.dtype, (self.dtype.str,)


DType.__name__ = "dtype"  # as PyTorch calls the class


def _dtype(tensor: Tensor) -> Any:
    """`tensor.dtype` as a script sees it; the package itself goes on seeing NumPy's."""
    dtype = tensor.array.dtype if not tensor.level else _DTYPE.fget(tensor)
    asking = sys._getframe(1).f_globals.get("__name__", "")
    return dtype if asking.partition(".")[0] == _PACKAGE else DType.of(dtype)


def _answering(function: Callable[..., Any]) -> Callable[..., DType]:
    """The function, whose answer is a dtype that prints as PyTorch's."""
    return functools.wraps(function)(lambda *args, **kwargs: DType.of(function(*args, **kwargs)))


class _Torch(ModuleType):
    """The module `torch`: what the package has, under the other name and with a version of PyTorch's."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.modules[_PACKAGE], name)


def _is_own(top: str) -> bool:
    """Whether the script brings its own module of that name: it is found, and isn't the installed package."""
    try:
        distribution(top)
    except PackageNotFoundError:
        return PathFinder.find_spec(top) is not None
    return False


class _Finder(MetaPathFinder, Loader):
    """Finds `torch` and everything below it in this package."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        top = name.partition(".")[0]
        if top in _BUILT_ON_IT and not _is_own(top):
            raise ModuleNotFoundError(
                f"No module named {top!r}: it is built on the inside of PyTorch, which tinygrad_edu stands for here. "
                "tinygrad_edu.datasets has MNIST and handwritten digits.",
                name=name,
            )
        return ModuleSpec(name, self, is_package=True) if top in ("torch", "functorch") else None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        if spec.name == "torch":
            return _Torch("torch", "PyTorch's names, as tinygrad_edu has them.")
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        own = f"{_PACKAGE}.{name}" if name.startswith("functorch") else _PACKAGE + name.removeprefix("torch")
        try:
            found = importlib.import_module(own)
        except ModuleNotFoundError as error:
            if error.name is None or not own.startswith(error.name):
                raise
            message = f"No module named {name!r}: tinygrad_edu, which stands for PyTorch here, has none."
            raise ModuleNotFoundError(message, name=name) from None
        if name == "torch":
            public = {key: value for key, value in vars(found).items() if not key.startswith("_")}
            dtypes = {key: DType.of(value) for key, value in public.items() if isinstance(value, np.dtype)}
            asked = {name: _answering(public[name]) for name in ("get_default_dtype", "promote_types", "result_type")}
            vars(module).update(public | dtypes | asked, __version__=VERSION, dtype=DType)
        else:
            sys.modules[name] = found  # the import system takes what stands there now


_finder = _Finder()


def install() -> None:
    """From now on `import torch`, `from torch.utils.data import DataLoader`, … get this package, in this process only.

    Shapes and dtypes are then printed as PyTorch prints them (`torch.Size([2, 3])`). Raises ConfigError if PyTorch itself
    was imported before. Modules built on PyTorch's inside, such as torchvision, can't be imported afterwards, but for a
    script's own under such a name.
    """
    there = sys.modules.get("torch")
    if _finder in sys.meta_path:
        return
    if there is not None:
        raise ConfigError(
            f"as_torch.install: PyTorch itself is imported already ({getattr(there, '__file__', None)}), and a program can't have "
            "both. Call install() before anything imports torch, or start the script with: tinygrad-edu run script.py"
        )
    sys.meta_path.insert(0, _finder)
    printing.dtype_prefix = "torch."
    node_names.as_pytorch = True
    setattr(Tensor, "shape", property(lambda tensor: Size(tensor.array.shape)))  # noqa: B010  # a type checker's view stays
    setattr(Tensor, "dtype", property(_dtype))  # noqa: B010
    setattr(Tensor, "__init__", _older_constructor)  # noqa: B010
    for kind, home in _HOMES.items():
        kind.__module__ = home
    serialization.otherwise = _pytorch
    importlib.import_module("torch")
    # Importing it would put it in the place of the function of that name.
    sys.modules["torch.autograd.gradcheck"] = sys.modules[f"{_PACKAGE}.autograd.gradcheck"]


def uninstall() -> None:
    """Take `install()` back; what was imported by then stays what it is."""
    if _finder not in sys.meta_path:
        return
    sys.meta_path.remove(_finder)
    for name in [n for n in sys.modules if n == "torch" or n.startswith("torch.")]:
        del sys.modules[name]
    sys.modules.pop("functorch", None)
    printing.dtype_prefix = ""
    node_names.as_pytorch = False
    setattr(Tensor, "shape", _SHAPE)  # noqa: B010
    setattr(Tensor, "dtype", _DTYPE)  # noqa: B010
    setattr(Tensor, "__init__", _CONSTRUCTOR)  # noqa: B010
    for kind, home in _OWN_HOMES.items():
        kind.__module__ = home
    serialization.otherwise = _npz


def _older_constructor(
    self: Tensor, *data: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> None:
    """PyTorch's `Tensor(…)`: of the data in the default dtype, whatever its own, or of the given sizes (then zeros)."""
    if dtype is None:
        dtype = get_default_dtype()
        if data and isinstance(data[0], int | np.integer | Size):
            data = (np.zeros(data[0] if isinstance(data[0], Size) else data, dtype),)
    _CONSTRUCTOR(self, *data, dtype=dtype, requires_grad=requires_grad)


_CONSTRUCTOR = vars(Tensor)["__init__"]
_SHAPE, _DTYPE = vars(Tensor)["shape"], vars(Tensor)["dtype"]
# Where a class says that it is from: print(type(x)) is in many a first lesson.
_HOMES: dict[type, str] = {Tensor: "torch", Parameter: "torch.nn.parameter", Size: "torch", Device: "torch"}
_OWN_HOMES = {kind: kind.__module__ for kind in _HOMES}


def run_script(path: str, arguments: Sequence[str] = ()) -> int:
    """Run a Python file as a program for which `torch` is this package; returns its exit code.

    It sees its own `sys.argv`, `__main__` and folder, and a traceback begins with its own line.
    """
    try:
        source = Path(path).read_bytes()
    except OSError as error:
        print(f"tinygrad-edu run: {path} can't be read: {error.strerror}.", file=sys.stderr)
        return 2
    install()
    main = types.ModuleType("__main__")
    vars(main).update(__file__=path, __builtins__=__builtins__)
    sys.modules["__main__"] = main
    sys.argv = [path, *arguments]
    sys.path[0] = str(Path(path).resolve().parent)
    try:
        code = compile(source, path, "exec")
    except SyntaxError as error:
        sys.excepthook(type(error), error.with_traceback(None), None)
        return 1
    try:
        exec(code, vars(main))
    except SystemExit:
        raise  # the interpreter knows what to do with its code
    except BaseException as error:
        trace = error.__traceback__
        trace = trace.tb_next if trace else None  # without the line above
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0
