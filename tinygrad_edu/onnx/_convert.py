"""The ONNX operators that stand for each operation. A fused operation without one of its own is taken apart by its reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Spec
from tinygrad_edu.errors import UnsupportedError
from tinygrad_edu.func._graph import Equation, Value
from tinygrad_edu.onnx._builder import Builder
from tinygrad_edu.onnx._trace import Recorded, trace
from tinygrad_edu.ops.index import ARRAY

Env = dict[Value, tuple[str, Any]]
"""For each value of the trace its name in the graph, and what it is."""


def convert(builder: Builder, traced: Recorded, env: Env) -> None:
    """Add the operators of all equations, and the names of their results to `env`."""
    for equation in traced.equations:
        known = [env[a][1] if isinstance(a, Value) else a for a in equation.args]
        found = equation.op(*known, **equation.params)
        results = found if type(found) is tuple else (found,)
        names = _operators(builder, equation, known, env)
        env.update(zip(equation.outputs, zip(names, results, strict=True), strict=True))


def _operators(builder: Builder, equation: Equation, known: list[Any], env: Env) -> list[str]:
    op = equation.op
    if op.name in RULES:
        names = [env[a][0] if isinstance(a, Value) else _constant(builder, a, known, op.name) for a in equation.args]
        made = RULES[op.name](builder, equation.specs[0], known, *names, **equation.params)
        if made is not NotImplemented:
            return list(made) if isinstance(made, list) else [made]
    places = [i for i, a in enumerate(equation.args) if isinstance(a, Value)]

    def composite(*xs: Any) -> Any:
        given = list(known)
        for place, x in zip(places, xs, strict=True):
            given[place] = x
        return op.reference(*given, **equation.params)  # type: ignore[misc]

    inner = None if op.reference is None else trace(composite, [known[place] for place in places])
    if inner is None or any(part.op is op for part in inner.equations):  # a reference may be NumPy's own function
        raise UnsupportedError(
            f"to_onnx: ONNX has no operator for {op.name}, called at {equation.source}: {equation.code}"
        )
    own: Env = {which: env[equation.args[place]] for which, place in zip(inner.inputs, places, strict=True)}
    convert(builder, inner, own)
    return [own[y][0] if isinstance(y, Value) else builder.constant(y) for y in inner.outputs]


def _constant(builder: Builder, a: Any, known: list[Any], name: str) -> Any:
    """A constant argument; a Python number in the dtype of the tensors beside it."""
    if isinstance(a, int | float) and not isinstance(a, bool):
        kinds = [x.dtype for x in known if hasattr(x, "dtype") and x.dtype.kind != "b"]
        return builder.constant(a, np.result_type(*kinds) if kinds else None)
    return builder.constant(a) if hasattr(a, "dtype") else a


# -- rules: (builder, spec of the result, arguments, names of the arguments, parameters) → name or names ----------------


def _plain(operator: str) -> Callable[..., Any]:
    return lambda b, spec, known, *names, **_: b.node(operator, *names)


def _negated(operator: str) -> Callable[..., Any]:
    return lambda b, spec, known, *names, **_: b.node("Not", b.node(operator, *names))


def _of(value: float, spec: Spec) -> Any:
    return np.asarray(value, spec.dtype)


def _reduction(operator: str) -> Callable[..., Any]:
    def rule(b: Builder, spec: Spec, known: Any, x: str, *, axis: Any = None, keepdims: bool = False, **_: Any) -> Any:
        axes = range(known[0].ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        return b.node(operator, x, np.array([a % known[0].ndim for a in axes], np.int64), keepdims=int(keepdims))

    return rule


def _place(operator: str) -> Callable[..., Any]:
    def rule(b: Builder, spec: Spec, known: Any, x: str, *, axis: Any = None, keepdims: bool = False, **_: Any) -> Any:
        if axis is None:
            x, axis, keepdims = b.node("Reshape", x, np.array([-1], np.int64)), 0, False
        return b.node(operator, x, axis=axis, keepdims=int(keepdims))

    return rule


def _linear(b: Builder, spec: Spec, known: Any, x: str, w: str, bias: str | None = None, **_: Any) -> Any:
    if known[0].ndim == 2 and isinstance(bias, str):
        return b.node("Gemm", x, w, bias, transB=1)
    y = b.node("MatMul", x, b.node("Transpose", w, perm=[1, 0]))
    return b.node("Add", y, bias) if isinstance(bias, str) else y


def _pads(known: Any, kernel: Any, stride: Any, lead: Any, dilation: Any, out: Any) -> list[int]:
    """ONNX's pads: those in front of each axis, then those behind, as many as the windows need."""
    sizes = known[0].shape[-len(kernel) :]
    reach = [(o - 1) * s + d * (k - 1) + 1 for o, s, d, k in zip(out, stride, dilation, kernel, strict=True)]
    return [*lead, *(max(0, r - n - f) for r, n, f in zip(reach, sizes, lead, strict=True))]


def _conv(
    b: Builder, spec: Spec, known: Any, *names: str, stride: Any, lead: Any, dilation: Any, groups: int, out: Any
) -> Any:
    kernel = known[1].shape[2:]
    pads = _pads(known, kernel, stride, lead, dilation, out)
    return b.node("Conv", *names, strides=stride, pads=pads, dilations=dilation, group=groups)


def _conv_transpose(
    b: Builder, spec: Spec, known: Any, *names: str, stride: Any, lead: Any, dilation: Any, groups: int, grid: Any
) -> Any:
    sizes, kernel = known[0].shape[2:], known[1].shape[2:]
    whole = [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in zip(sizes, stride, dilation, kernel, strict=True)]
    behind = [w - f - g for w, f, g in zip(whole, lead, grid, strict=True)]
    return b.node(
        "ConvTranspose", *names, strides=stride, dilations=dilation, group=groups,
        pads=[*lead, *(max(0, n) for n in behind)], output_padding=[max(0, -n) for n in behind],
    )  # fmt: skip


def _max_pool(
    b: Builder, spec: Spec, known: Any, x: str, *, kernel: Any, stride: Any, lead: Any, dilation: Any, out: Any
) -> Any:
    if len(known[0].shape) != len(kernel) + 2:
        return NotImplemented
    pads = _pads(known, kernel, stride, lead, dilation, out)
    return b.node("MaxPool", x, kernel_shape=kernel, strides=stride, pads=pads, dilations=dilation)


def _window_sum(
    b: Builder, spec: Spec, known: Any, x: str, *, kernel: Any, stride: Any, lead: Any, dilation: Any, out: Any
) -> Any:
    if len(known[0].shape) != len(kernel) + 2:
        return NotImplemented
    pads = _pads(known, kernel, stride, lead, dilation, out)
    y = b.node(
        "AveragePool", x, kernel_shape=kernel, strides=stride, pads=pads, dilations=dilation, count_include_pad=1
    )
    return b.node("Mul", y, _of(float(np.prod(kernel)), spec))


def _getitem(b: Builder, _: Spec, known: Any, x: str, *indices: str, spec: Any) -> Any:
    key = spec
    used = sum(1 for part in key if part is not None and part is not Ellipsis)
    if Ellipsis in [part for part in key if part is Ellipsis]:
        at = next(i for i, part in enumerate(key) if part is Ellipsis)
        key = (*key[:at], *(slice(None),) * (known[0].ndim - used), *key[at + 1 :])
    if indices:
        if len(indices) > 1 or sum(part is ARRAY for part in key) != 1 or known[1].dtype.kind == "b":
            return NotImplemented
        if any(isinstance(part, int) for part in key) and key[0] is not ARRAY:
            return NotImplemented  # NumPy then moves axes to the front
    starts, ends, axes, steps, dropped, added = [], [], [], [], [], []
    axis = place = 0
    gathered: int | None = None
    for part in key:
        if part is None:
            added.append(place)
            place += 1
            continue
        if isinstance(part, slice):
            if part != slice(None):
                first, last, step = part.indices(known[0].shape[axis])
                starts.append(first)
                ends.append(last if last >= 0 else -(2**62))
                axes.append(axis)
                steps.append(step)
            place += 1
        elif part is ARRAY:
            gathered = axis
            place += known[1].ndim
        else:
            first = int(part) % known[0].shape[axis]
            starts.append(first)
            ends.append(first + 1)
            axes.append(axis)
            steps.append(1)
            dropped.append(axis)
        axis += 1
    if axes:
        x = b.node("Slice", x, *(np.array(v, np.int64) for v in (starts, ends, axes, steps)))
    if gathered is not None:
        x = b.node("Gather", x, indices[0], axis=gathered)
        extra = known[1].ndim - 1
        dropped = [d + extra if d > gathered else d for d in dropped]
    if dropped:
        x = b.node("Squeeze", x, np.array(dropped, np.int64))
    if added:
        x = b.node("Unsqueeze", x, np.array(added, np.int64))
    return x


def _flip(b: Builder, spec: Spec, known: Any, x: str, *, axis: Any, **_: Any) -> Any:
    count = len(axis)
    return b.node("Slice", x, *(np.array(v, np.int64) for v in ([-1] * count, [-(2**62)] * count, axis, [-1] * count)))


def _pad(b: Builder, spec: Spec, known: Any, x: str, *, widths: Any, **_: Any) -> Any:
    return b.node("Pad", x, np.array([w[0] for w in widths] + [w[1] for w in widths], np.int64), _of(0, spec))


def _clamp(b: Builder, spec: Spec, known: Any, x: str, *, low: Any, high: Any, **_: Any) -> Any:
    for operator, limit in (("Max", low), ("Min", high)):
        x = x if limit is None else b.node(operator, x, _of(limit, spec))
    return x


def _concatenate(b: Builder, spec: Spec, known: Any, *names: str, axis: int, **_: Any) -> Any:
    return b.node("Concat", *names, axis=axis)


def _composite(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda b, spec, known, *names, **params: make(b, lambda v: _of(v, spec), *names, **params)


def _cast(b: Builder, spec: Spec, known: Any, x: str, **_: Any) -> Any:
    return b.node("Cast", x, to=b.kind(spec.dtype))


RULES: dict[str, Callable[..., Any]] = {
    name: _plain(operator)
    for name, operator in {
        "add": "Add", "subtract": "Sub", "multiply": "Mul", "negative": "Neg", "power": "Pow", "exp": "Exp",
        "log": "Log", "sqrt": "Sqrt", "tanh": "Tanh", "sin": "Sin", "cos": "Cos", "tan": "Tan", "arcsin": "Asin",
        "arccos": "Acos", "arctan": "Atan", "sinh": "Sinh", "cosh": "Cosh", "arcsinh": "Asinh", "arccosh": "Acosh",
        "arctanh": "Atanh", "absolute": "Abs", "sigmoid": "Sigmoid", "relu": "Relu", "erf": "Erf", "maximum": "Max",
        "minimum": "Min", "floor": "Floor", "ceil": "Ceil", "round": "Round", "sign": "Sign", "divide": "Div",
        "reciprocal": "Reciprocal", "less": "Less", "greater": "Greater", "equal": "Equal", "less_equal": "LessOrEqual",
        "greater_equal": "GreaterOrEqual", "logical_not": "Not", "logical_and": "And", "logical_or": "Or",
        "where": "Where", "matmul": "MatMul", "packed": "Identity", "isnan": "IsNaN", "isinf": "IsInf", "det": "Det",
    }.items()
} | {
    "not_equal": _negated("Equal"),
    "square": _composite(lambda b, n, x: b.node("Mul", x, x)),
    "rsqrt": _composite(lambda b, n, x: b.node("Reciprocal", b.node("Sqrt", x))),
    "log1p": _composite(lambda b, n, x: b.node("Log", b.node("Add", x, n(1)))),
    "expm1": _composite(lambda b, n, x: b.node("Sub", b.node("Exp", x), n(1))),
    "silu": _composite(lambda b, n, x: b.node("Mul", x, b.node("Sigmoid", x))),
    "gelu": _composite(lambda b, n, x, approximate="none": b.node("Gelu", x, approximate=approximate)),
    "leaky_relu": _composite(lambda b, n, x, slope: b.node("LeakyRelu", x, alpha=float(slope))),
    "elu": _composite(lambda b, n, x, alpha: b.node("Elu", x, alpha=float(alpha))),
    "relu6": _composite(lambda b, n, x: b.node("Clip", x, n(0), n(6))),
    "hardtanh": _composite(lambda b, n, x, low, high: b.node("Clip", x, n(low), n(high))),
    "softplus": _composite(
        lambda b, n, x, beta=1.0, threshold=20.0: b.node("Div", b.node("Softplus", b.node("Mul", x, n(beta))), n(beta))
    ),
    "softmax": _composite(lambda b, n, x, axis: b.node("Softmax", x, axis=axis)),
    "log_softmax": _composite(lambda b, n, x, axis: b.node("LogSoftmax", x, axis=axis)),
    "logsumexp": _reduction("ReduceLogSumExp"),
    "sum": _reduction("ReduceSum"),
    "max": _reduction("ReduceMax"),
    "min": _reduction("ReduceMin"),
    "argmax": _place("ArgMax"),
    "argmin": _place("ArgMin"),
    "cast": _cast,
    "to_integer": _cast,
    "reshape": lambda b, spec, known, x, **_: b.node("Reshape", x, np.array(spec.shape, np.int64)),
    "broadcast_to": lambda b, spec, known, x, **_: b.node("Expand", x, np.array(spec.shape, np.int64)),
    "transpose": lambda b, spec, known, x, *, axes=None, **_: b.node(
        "Transpose", x, perm=[a % known[0].ndim for a in (axes or range(known[0].ndim)[::-1])]
    ),
    "concatenate": _concatenate,
    "flip": _flip,
    "pad": _pad,
    "clamp": _clamp,
    "getitem": _getitem,
    "take_rows": lambda b, spec, known, x, index, **_: b.node("Gather", x, index, axis=0),
    "linear": _linear,
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "max_pool": _max_pool,
    "window_sum": _window_sum,
}  # fmt: skip
