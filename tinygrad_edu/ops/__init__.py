"""Every operation, a declaration each, one file per family of mathematics; importing this package registers them all.

`elementwise.py`, `reduce.py`, `shape.py`, `index.py`, `linalg.py`, `fused.py` hold ops and the functions composed of them;
`create.py` makes tensors, `inplace.py` writes into them, `methods.py` gives Tensor its operators and methods.
"""

from tinygrad_edu.ops import create, elementwise, fused, index, inplace, linalg, methods, reduce, shape

__all__ = ["create", "elementwise", "fused", "index", "inplace", "linalg", "methods", "reduce", "shape"]
