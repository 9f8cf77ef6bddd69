"""`install()`: in this process `import torch` means this package, so that scripts written for PyTorch run as they are.

`tinygrad-edu run script.py` calls it before the script. It is opt-in, and refuses where PyTorch itself is imported.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.ops import printing
from tinygrad_edu.ops.size import Size

__all__ = ["VERSION", "install", "run_script", "uninstall"]

VERSION = "2.13.0+tinygrad_edu"
"""What `torch.__version__` says: the release of PyTorch whose names and numbers these are."""

_PACKAGE = "tinygrad_edu"
_BUILT_ON_IT = ("torchvision", "torchaudio", "torchtext", "functorch")


class _Torch(ModuleType):
    """The module `torch`: what the package has, under the other name and with a version of PyTorch's."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.modules[_PACKAGE], name)


class _Finder(MetaPathFinder, Loader):
    """Finds `torch` and everything below it in this package."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        top = name.partition(".")[0]
        if top in _BUILT_ON_IT:
            raise ModuleNotFoundError(
                f"No module named {top!r}: it is built on the inside of PyTorch, which tinygrad_edu stands for here. "
                "tinygrad_edu.datasets has MNIST and handwritten digits.",
                name=name,
            )
        return ModuleSpec(name, self, is_package=True) if top == "torch" else None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        if spec.name == "torch":
            return _Torch("torch", "PyTorch's names, as tinygrad_edu has them.")
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        own = _PACKAGE + name.removeprefix("torch")
        try:
            found = importlib.import_module(own)
        except ModuleNotFoundError as error:
            if error.name is None or not own.startswith(error.name):
                raise
            message = f"No module named {name!r}: tinygrad_edu, which stands for PyTorch here, has none."
            raise ModuleNotFoundError(message, name=name) from None
        if name == "torch":
            public = {key: value for key, value in vars(found).items() if not key.startswith("_")}
            vars(module).update(public, __version__=VERSION)
        else:
            sys.modules[name] = found  # the import system takes what stands there now


_finder = _Finder()


def install() -> None:
    """From now on `import torch`, `from torch.utils.data import DataLoader`, … get this package, in this process only.

    Shapes and dtypes are then printed as PyTorch prints them (`torch.Size([2, 3])`). Raises ConfigError if PyTorch itself
    was imported before. Modules built on PyTorch's inside, such as torchvision, can't be imported afterwards.
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
    setattr(Tensor, "shape", property(lambda tensor: Size(tensor.array.shape)))  # noqa: B010  # a type checker's view stays
    importlib.import_module("torch")


def uninstall() -> None:
    """Take `install()` back; what was imported by then stays what it is."""
    if _finder not in sys.meta_path:
        return
    sys.meta_path.remove(_finder)
    for name in [n for n in sys.modules if n == "torch" or n.startswith("torch.")]:
        del sys.modules[name]
    printing.dtype_prefix = ""
    setattr(Tensor, "shape", _SHAPE)  # noqa: B010


_SHAPE = vars(Tensor)["shape"]


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
