"""NumPy's protocols: what happens when NumPy's functions, or a ufunc's methods, are called with Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import NUMPY, Tensor, as_value, no_rule
from tinygrad_edu.errors import ShapeError, UnsupportedError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops.inplace import outliving, store
from tinygrad_edu.ops.join import concatenate, stack
from tinygrad_edu.ops.put import at
from tinygrad_edu.ops.shape import expand_dims, moveaxis, reshape
from tinygrad_edu.ops.special import from_scipy

_ASSOCIATIVE = frozenset(
    getattr(np, name)
    for name in (
        *("add", "multiply", "maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2", "hypot"),
        *("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor"),
    )
)
"""The ufuncs whose reduction may pair elements in any order: log₂ n steps instead of n."""

_DEFAULTS = {"casting": ("same_kind", None), "order": ("K", None), "subok": (True, None)}


def array_ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """NumPy calls this for a ufunc, or one of its methods, that has a Tensor among its arguments."""
    if not kwargs and method == "__call__":
        stand_in = NUMPY.get(ufunc)
        if stand_in is not None:
            return stand_in(*inputs)
    name = f"np.{ufunc.__name__}" if method == "__call__" else f"np.{ufunc.__name__}.{method}"
    for keyword, accepted in _DEFAULTS.items():
        if keyword in kwargs and kwargs.pop(keyword) not in accepted:
            raise UnsupportedError(f"{name}: the keyword {keyword} isn't supported for a Tensor, which has one layout.")
    if method == "reduce" and len(inputs) == 1:
        kwargs.setdefault("axis", 0)  # where np.sum and its like take all axes
    specific = NUMPY.get(ufunc if method == "__call__" else (ufunc, method))
    if specific is None and method == "__call__":
        specific = from_scipy(ufunc)
    out = kwargs.pop("out", None)
    if out is not None:
        inputs = tuple([outliving(x, out) for x in inputs])
    if method == "__call__":
        result = _call(name, specific, inputs, kwargs, out)
    elif specific is not None:
        result = specific(*inputs, **kwargs)
    elif NUMPY.get(ufunc) is not None and method in METHODS:
        result = METHODS[method](ufunc, *inputs, **kwargs)
    else:
        raise no_rule(name)
    return result if out is None else store(out, result, name)


def _call(name: str, function: Any, inputs: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Any:
    if function is None:
        raise no_rule(name)
    where, dtype = kwargs.pop("where", True), kwargs.pop("dtype", None)
    if dtype is not None:
        inputs = tuple([as_value(x).to(dtype) for x in inputs])
    try:
        result = function(*inputs, **kwargs)
    except TypeError as error:
        if "argument" in str(error) and kwargs:
            raise UnsupportedError(f"{name}: the keywords {sorted(kwargs)} aren't supported for a Tensor.") from None
        raise
    if where is True:
        return result
    if out is None:
        raise UnsupportedError(
            f"{name}: where= without out= leaves the other elements undefined. Give out=, or use np.where(mask, {name}(x), other)."
        )
    return e.where(where, result, out[0])


def array_function(self: Tensor, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
    """NumPy calls this for a function that has a Tensor among its arguments."""
    stand_in = NUMPY.get(func)
    if stand_in is None:
        raise no_rule(f"{func.__module__}.{func.__name__}".replace("numpy", "np", 1))
    out = kwargs.pop("out", None)
    result = stand_in(*args, **kwargs)
    return result if out is None else store(out, result, func.__name__)


# -- the methods of a ufunc of two arguments, built of its calls -----------------------------------------------------


def _axis_first(ufunc: np.ufunc, x: Any, axis: Any, dtype: Any, method: str) -> Any:
    x = as_value(x)
    if not isinstance(axis, int | np.integer):
        raise UnsupportedError(f"np.{ufunc.__name__}.{method}: goes along one axis, an integer, not {axis!r}.")
    if not x.ndim:
        raise ShapeError(f"np.{ufunc.__name__}.{method}: a 0-d tensor has no axis to go along.")
    return moveaxis(x if dtype is None else x.to(dtype), int(axis), 0)


def _reduce(
    ufunc: np.ufunc,
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    *,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    if where is not True:
        raise UnsupportedError(
            f"np.{ufunc.__name__}.reduce: where= isn't supported for a Tensor; choose with np.where."
        )
    if axis is None or isinstance(axis, tuple):
        x = as_value(x)
        axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in axis)
        rest = [i for i in range(x.ndim) if i not in axes]
        flat = np.reshape(np.transpose(x, (*axes, *rest)), (-1, *[x.shape[i] for i in rest]))
        y = _reduce(ufunc, flat, 0, dtype, initial=initial)
        return np.reshape(y, [1 if i in axes else n for i, n in enumerate(x.shape)]) if keepdims else y
    y = _axis_first(ufunc, x, axis, dtype, "reduce")
    if not y.shape[0]:
        if initial is None and ufunc.identity is None:
            raise ShapeError(f"np.{ufunc.__name__}.reduce: an empty axis has no {ufunc.__name__}; give initial=.")
        y = np.full_like(y, ufunc.identity if initial is None else initial, shape=y.shape[1:])
    else:
        y = _folded(ufunc, y)
        y = y if initial is None else ufunc(initial, y)
    return expand_dims(y, axis % (y.ndim + 1)) if keepdims else y


def _folded(ufunc: np.ufunc, x: Any) -> Any:
    if ufunc not in _ASSOCIATIVE:
        y = x[0]
        for i in range(1, x.shape[0]):
            y = ufunc(y, x[i])
        return y
    while (n := x.shape[0]) > 1:
        pairs = ufunc(x[0 : n - n % 2 : 2], x[1 : n - n % 2 : 2])
        x = concatenate([pairs, x[n - 1 :]]) if n % 2 else pairs
    return x[0]


def _accumulate(ufunc: np.ufunc, x: Any, axis: Any = 0, dtype: Any = None) -> Any:
    x = _axis_first(ufunc, x, axis, dtype, "accumulate")
    rows = [x[0]] if x.shape[0] else []
    for i in range(1, x.shape[0]):
        rows.append(ufunc(rows[-1], x[i]))
    return moveaxis(stack(rows), 0, int(axis)) if rows else x


def _outer(ufunc: np.ufunc, a: Any, b: Any) -> Any:
    a, b = as_value(a), as_value(b)
    return ufunc(reshape(a, shape=(*a.shape, *(1,) * b.ndim)), b)


def _reduceat(ufunc: np.ufunc, x: Any, indices: Any, axis: Any = 0, dtype: Any = None) -> Any:
    x = _axis_first(ufunc, x, axis, dtype, "reduceat")
    starts = [int(i) for i in indices]
    ends = [*starts[1:], x.shape[0]]
    rows = [_folded(ufunc, x[i:j]) if i < j else x[i] for i, j in zip(starts, ends, strict=True)]
    return moveaxis(stack(rows), 0, int(axis))


METHODS: dict[str, Callable[..., Any]] = {
    "reduce": _reduce, "accumulate": _accumulate, "outer": _outer, "reduceat": _reduceat, "at": at,
}  # fmt: skip

Tensor.__array_ufunc__ = array_ufunc  # type: ignore[method-assign]
Tensor.__array_function__ = array_function  # type: ignore[method-assign]
