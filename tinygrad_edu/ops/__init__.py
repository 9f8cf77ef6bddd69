"""Every operation, a declaration each, one file per family of mathematics; importing this package registers them all.

What a file's name doesn't say: `elementwise.py` gathers what is declared by theme beside it, `create.py` makes tensors,
`inplace.py` writes into them, `operators.py` and `methods` give Tensor what it can do, `ufuncs.py` answers NumPy's calls,
and `_numpy.py` is how a function says which it answers.
"""

import importlib as _importlib
import pkgutil as _pkgutil

for _module in _pkgutil.iter_modules(__path__):
    _importlib.import_module(f"{__name__}.{_module.name}")

from tinygrad_edu.ops._catalogue import catalogue  # noqa: E402  # it reads what the modules above registered

__all__ = ["catalogue"]
