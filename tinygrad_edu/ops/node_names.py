"""PyTorch's names for nodes, as `print(y)` and `y.grad_fn` show them.

An op has its name from a table. A function that is composed of ops gives one to the node that it ends with (`titled`): the
node is of another op then, and there are others before it where PyTorch has one.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import FREED, Leaf, Node, Pick, Spec
from tinygrad_edu.engine.op import OUTPUT
from tinygrad_edu.engine.tensor import Tensor, make

as_pytorch = False
"""Whether nodes print as PyTorch's do: `as_torch` says so where the package runs a script for PyTorch."""

_NAMES = {
    "subtract": "Sub", "multiply": "Mul", "divide": "Div", "negative": "Neg", "power": "Pow", "square": "Pow",
    "absolute": "Abs", "log1p": "Log1P", "arcsin": "Asin", "arccos": "Acos", "arctan": "Atan", "arcsinh": "Asinh",
    "arccosh": "Acosh", "arctanh": "Atanh", "arctan2": "Atan2", "conjugate": "Conj", "relu6": "Hardtanh", "real": "Select",
    "cast": "ToCopy", "packed": "Clone", "reshape": "View", "transpose": "Permute", "broadcast_to": "Expand",
    "concatenate": "Cat", "pad": "ConstantPadNd", "windows": "Unfold", "diagonal_embed": "DiagEmbed",
    "cross_entropy": "NllLoss", "take_rows": "Embedding", "sum_rows": "EmbeddingBag", "conv": "Convolution",
    "conv_transpose": "Convolution", "rnn": "Stack", "gru": "Stack", "det": "LinalgDet", "inv": "LinalgInvEx",
    "solve": "LinalgSolveEx", "cholesky": "LinalgCholeskyEx", "eigh": "LinalgEigh", "eigvalsh": "LinalgEigh",
    "eig": "LinalgEig", "eigvals": "LinalgEig", "svd": "LinalgSvd", "svdvals": "LinalgSvd", "qr": "LinalgQr",
    "slogdet": "LinalgSlogdet", "pinv": "LinalgPinv", "matrix_exp": "LinalgMatrixExp", "cross": "LinalgCross",
}  # fmt: skip


def node_name(node: Any) -> str:
    """PyTorch's name for what this node does, where PyTorch has the same; else the op's name in the same style."""
    if isinstance(node, Pick):
        node = node.edges[0]
    if isinstance(node, Leaf):
        return "torch::autograd::AccumulateGrad"
    op = Node.name.fget(node)  # type: ignore[attr-defined]
    if op[:1].isupper():  # a Function of the user's own, by its class
        return f"{op}Backward"
    title: str | None = getattr(node, "title", None)
    if title is not None:
        return title
    special = _SPECIAL.get(op)
    if special is not None:
        return special(node)
    return (_NAMES.get(op) or "".join(word.capitalize() for word in op.split("_"))) + "Backward0"


# -- names that depend on how an op was called ---------------------------------------------------------------------


def _is_number(node: Node, position: int) -> bool:
    """Whether this argument is a number rather than a tensor; of a freed node, whether it had no gradient."""
    if node.edges[position] is not None or node.xs is None:
        return False
    return node.xs is FREED or not hasattr(node.xs[position], "shape")


def _indexing(node: Node) -> str:
    """PyTorch takes an index apart from left to right, and the node that shows is the last."""
    spec = node.params["spec"]
    if len(node.edges) > 1:
        return "IndexBackward0"
    parts = [part for part in spec if part is not Ellipsis and part != slice(None)]
    if not parts:
        return "AliasBackward0" if Ellipsis in spec else "SliceBackward0"
    last = parts[-1]
    return f"{'Unsqueeze' if last is None else 'Select' if isinstance(last, int) else 'Slice'}Backward0"


def _product(node: Node) -> str:
    ranks = [2 if edge is None else edge.ndim for edge in node.edges]
    return "MmBackward0" if len(node.shape) == 2 and max(ranks) == 2 else "UnsafeViewBackward0"


def _linear(node: Node) -> str:
    biased, rank = len(node.edges) > 2, len(node.shape)
    if rank == 2:
        return "AddmmBackward0" if biased else "MmBackward0"
    return "ViewBackward0" if biased else "UnsafeViewBackward0" if rank > 2 else "SqueezeBackward4"


def _attention(node: Node) -> str:
    shapes: Any = node.shape
    rank = len(shapes[0] if isinstance(shapes[0], tuple) else shapes)
    return "ScaledDotProductFlashAttentionForCpuBackward0" if rank == 4 else "UnsafeViewBackward0"


def _recurrent(node: Node) -> str:
    return "MkldnnRnnLayerBackward0" if node.dtype == np.float32 else "StackBackward0"


def _extremum(name: str) -> Callable[[Node], str]:
    return lambda node: (
        f"A{name}Backward0" if node.shape or node.params["keepdims"] else f"{name.capitalize()}Backward1"
    )


_SPECIAL: dict[str, Callable[[Node], str]] = {
    "getitem": _indexing,
    "matmul": _product,
    "linear": _linear,
    "attention": _attention,
    "lstm": _recurrent,
    "subtract": lambda node: "RsubBackward1" if _is_number(node, 0) else "SubBackward0",
    "divide": lambda node: "MulBackward0" if _is_number(node, 0) else "DivBackward0",  # 2/x is 2 times a reciprocal
    "power": lambda node: f"PowBackward{2 if _is_number(node, 0) else int(not _is_number(node, 1))}",
    "copysign": lambda node: f"CopysignBackward{int(_is_number(node, 1))}",
    "sum": lambda node: f"SumBackward{int(bool(node.params['keepdims']) or node.shape != ())}",
    "clamp": lambda node: "ClampBackward1",
    "max": _extremum("max"),
    "min": _extremum("min"),
    "bessel_i": lambda node: "I0Backward0" if not node.params["order"] else "BesselIBackward0",
    "polygamma": lambda node: "PolygammaBackward0" if node.params.get("n") else "DigammaBackward0",
}


# -- composed functions --------------------------------------------------------------------------------------------

Title = str | tuple[str, str] | Callable[..., str]
"""A name; or two, of calls without and with an axis; or a function of the call's arguments."""


def entitle(y: Any, name: str, known: Node | None = None) -> Any:
    """`y` (a tensor or several), its node named, unless it is `known`: then it was there before."""
    if isinstance(y, Tensor):
        node = y.node
        if node is not None and node is not known and node.op is not None:
            (node.edges[0] if isinstance(node, Pick) else node).title = name  # type: ignore[union-attr]
    elif isinstance(y, tuple | list):
        for each in y:
            entitle(each, name, known)
    return y


def titled(function: Callable[..., Any], title: Title) -> Callable[..., Any]:
    """The function, whose result's node has this name."""
    fixed = title if isinstance(title, str) else None
    name_of: Any = _by_axis(title) if isinstance(title, tuple) else title

    first = next(iter(inspect.signature(function).parameters))

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not args:  # also the first by its name, mse_loss(input=x, target=y)
            return call(kwargs.pop(first), **kwargs) if first in kwargs else function(**kwargs)
        x = args[0]
        known = getattr(x, "node", None)
        y = function(*args, **kwargs)
        if type(y) is Tensor:
            node = y.node
            if node is None or node is known:
                return y
            if fixed is not None and type(node) is Node:  # the usual case, which mustn't cost more than this
                node.title = fixed
                return y
        name = fixed or name_of(*args, **kwargs)
        return entitle(y, name, known) if name else y

    return call


def _by_axis(names: tuple[str, str]) -> Callable[..., str]:
    def name_of(x: Any, dim: Any = None, *_: Any, axis: Any = None, other: Any = None, **__: Any) -> str:
        if other is not None or isinstance(dim, Tensor):  # max(x, y), whose node has its op's name
            return ""
        return names[0] if dim is None and axis is None else names[1]

    return name_of


def _pieces(x: Any, size: Any, *_: Any, **__: Any) -> str:
    return "SplitBackward0" if isinstance(size, int) else "SplitWithSizesBackward0"


METHODS: dict[str, Title] = {
    "mean": ("MeanBackward0", "MeanBackward1"), "prod": ("ProdBackward0", "ProdBackward1"), "nansum": "NansumBackward0",
    "var": "VarBackward0", "std": "StdBackward0", "norm": "LinalgVectorNormBackward0", "trace": "TraceBackward0",
    "max": ("MaxBackward1", "MaxBackward0"), "min": ("MinBackward1", "MinBackward0"), "aminmax": "AminmaxBackward0",
    "amax": "AmaxBackward0", "amin": "AminBackward0", "median": ("MedianBackward0", "MedianBackward1"),
    "nanmedian": ("NanmedianBackward0", "NanmedianBackward1"), "mode": "ModeBackward0", "kthvalue": "KthvalueBackward0",
    "sort": "SortBackward0", "topk": "TopkBackward0", "cummax": "CummaxBackward0", "cummin": "CumminBackward0",
    "dist": "DistBackward0", "lerp": "LerpBackward0", "addcmul": "AddcmulBackward0", "addcdiv": "AddcdivBackward0",
    "clamp_min": "ClampMinBackward0", "clamp_max": "ClampMaxBackward0", "deg2rad": "Deg2RadBackward0",
    "rad2deg": "Rad2DegBackward0", "nan_to_num": "NanToNumBackward0", "sgn": "SgnBackward0", "float_power": "PowBackward0",
    "rsub": "RsubBackward1",
    "t": "TBackward0", "transpose": "TransposeBackward0", "swapaxes": "TransposeBackward0", "swapdims": "TransposeBackward0",
    "unsqueeze": "UnsqueezeBackward0", "squeeze": ("SqueezeBackward0", "SqueezeBackward1"), "repeat": "RepeatBackward0",
    "tile": "RepeatBackward0", "rot90": "Rot90Backward0", "clone": "CloneBackward0", "tril": "TrilBackward0",
    "triu": "TriuBackward0", "split": _pieces, "chunk": "SplitBackward0", "unbind": "UnbindBackward0",
    "split_with_sizes": "SplitWithSizesBackward0", "index_select": "IndexSelectBackward0", "gather": "GatherBackward0",
    "take": "TakeBackward0", "take_along_dim": "GatherBackward0", "masked_fill": "MaskedFillBackward0",
    "masked_select": "MaskedSelectBackward0", "scatter": "ScatterBackward0", "scatter_add": "ScatterAddBackward0",
    "scatter_reduce": "ScatterReduceBackward0", "index_add": "IndexAddBackward0", "index_fill": "IndexFillBackward0",
    "index_reduce": "IndexReduceBackward0", "index_copy": "IndexCopyBackward0",
    "index_put": "IndexPutBackward0", "masked_scatter": "MaskedScatterBackward0",
    "mv": "MvBackward0", "dot": "DotBackward0", "bmm": "BmmBackward0", "addmm": "AddmmBackward0", "addmv": "AddmvBackward0",
    "baddbmm": "BaddbmmBackward0", "kron": "UnsafeViewBackward0", "cross": "LinalgCrossBackward0",
    "zero_": "ZeroBackward0", "fill_": "FillBackward2", "masked_fill_": "MaskedFillBackward0", "t_": "TBackward1",
    "unsqueeze_": "UnsqueezeBackward1", "copy_": "torch::autograd::CopyBackwards",
}  # fmt: skip
"""Tensor's methods whose node PyTorch names after the method, where another op ends them here."""


# -- what a walker of the graph gets -------------------------------------------------------------------------------


class OpName(str):
    """The name of a node's op; called, as PyTorch's `grad_fn.name()`, PyTorch's name for the node."""

    __slots__ = ("node",)
    node: Node

    def __call__(self) -> str:
        return node_name(self.node)


_SAVED: dict[str, Any] = {
    f"_saved_{name}": place
    for place, names in (
        (0, ("self", "input", "base")),
        (1, ("other", "exponent", "mat2")),
        (OUTPUT, ("result", "output")),
    )
    for name in names
}
"""Which argument, or the output, PyTorch's nodes of one or two arguments have under these names."""


class _Shown:
    """What is added to a node's class once it is shown: PyTorch's name for the class, `name()` and the way it prints."""

    __slots__ = ()

    @property
    def name(self: Any) -> OpName:
        name = OpName(Node.name.fget(self))  # type: ignore[attr-defined]
        name.node = self
        return name

    def __getattr__(self: Any, name: str) -> Any:
        """`_saved_self`, `_saved_other`, `_saved_result`, …: what the node keeps, by PyTorch's names; None for what it doesn't."""
        place = _SAVED.get(name)
        if place is None or (place != OUTPUT and place >= len(self.edges)):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        xs, y = self.kept()
        kept, maker = (y, self) if place == OUTPUT else ((xs or self.edges)[place], self.edges[place])
        if kept is maker or isinstance(kept, Spec):
            return None
        variable = maker.variable if isinstance(maker, Leaf) else None
        if variable is not None and variable.array is kept:
            return variable
        return make(kept, maker) if isinstance(kept, np.ndarray) else kept

    def __repr__(self: Any) -> str:
        if as_pytorch:
            return f"<{type(self).__name__} object at {id(self):#x}>"
        return Node.__repr__(self)


@functools.cache
def _class_for(kind: type[Node], name: str) -> type[Node]:
    return type(name.rpartition(":")[2], (_Shown, kind), {"__slots__": (), "__module__": __name__})


def _shown(self: Node) -> Node:
    """The node with PyTorch's name for its class, which it takes on when it is first asked for: recording pays nothing."""
    node: Any = self.edges[0] if isinstance(self, Pick) else self
    if not isinstance(node, _Shown):
        kind: Any = type(node)
        node.__class__ = _class_for(kind, node_name(node))
    return node


Node.shown = _shown  # type: ignore[method-assign]
