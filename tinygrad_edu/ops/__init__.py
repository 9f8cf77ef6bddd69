"""Every operation, a declaration each, one file per family of mathematics; importing this package registers them all.

`elementwise.py`, `activation.py`, `reduce.py`, `shape.py`, `index.py`, `product.py`, `fused.py` hold ops and the
functions composed of them; `create.py` makes tensors, `inplace.py` writes into them, `operators.py` and `methods.py`
give Tensor what it can do.
"""

from tinygrad_edu.ops import (
    activation,
    complex,
    create,
    elementwise,
    fused,
    index,
    inplace,
    methods,
    product,
    reduce,
    shape,
    ufuncs,
)

__all__ = [
    "activation",
    "complex",
    "create",
    "elementwise",
    "fused",
    "index",
    "inplace",
    "methods",
    "product",
    "reduce",
    "shape",
    "ufuncs",
]
