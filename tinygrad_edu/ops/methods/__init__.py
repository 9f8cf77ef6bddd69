"""Tensor's methods, with PyTorch's names and signatures; NumPy's `axis`, `keepdims` and `ddof` are accepted too.

One module for each theme. A method is a thin call of the op or function of the same meaning, by its NumPy name where
it has one. The class `Methods` is what type checkers see as Tensor's base; at run time its functions are attached to
Tensor itself, as the engine imports nothing from above it.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.engine.backward import backward
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.ops.methods._inplace import InPlace
from tinygrad_edu.ops.methods.binary import Binary
from tinygrad_edu.ops.methods.dtypes import DTypes
from tinygrad_edu.ops.methods.elementwise import Unary
from tinygrad_edu.ops.methods.indexing import Indexing
from tinygrad_edu.ops.methods.order import Order
from tinygrad_edu.ops.methods.products import Products
from tinygrad_edu.ops.methods.reductions import Reductions
from tinygrad_edu.ops.methods.shapes import Shapes, flatten
from tinygrad_edu.ops.node_names import METHODS, titled
from tinygrad_edu.ops.operators import Operators
from tinygrad_edu.ops.printing import Printing

__all__ = ["Methods", "flatten"]


class Methods(Unary, Binary, Reductions, Order, Shapes, Products, Indexing, DTypes, InPlace, Operators, Printing):
    """What every Tensor can do."""

    __slots__ = ()

    def backward(
        self: Any, gradient: Any = None, retain_graph: Any = None, create_graph: Any = False, inputs: Any = None
    ) -> None:
        """The reverse sweep from this tensor: adds the gradient of each leaf to its `.grad`.

        `gradient` is the cotangent of this tensor, of its shape; it may be left out for a single element. The graph is
        freed on the way unless `retain_graph`; with `create_graph` the gradients can be differentiated again. With
        `inputs` only those get a gradient. Raises GraphError where there is no graph, a freed graph, or no `gradient`
        for several elements.
        """
        backward([self], [gradient], retain_graph, create_graph, inputs)


for _class in reversed(Methods.__mro__[:-1]):
    for _name, _method in list(vars(_class).items()):
        if _name in METHODS:
            _method = titled(_method, METHODS[_name])
            setattr(_class, _name, _method)  # for the functions that are made of methods
        if _name not in (
            "__dict__",
            "__weakref__",
            "__doc__",
            "__module__",
            "__slots__",
            "__hash__",
            "__annotations__",
        ):
            setattr(Tensor, _name, _method)
