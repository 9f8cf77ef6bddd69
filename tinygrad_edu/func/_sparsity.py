"""Sparsity patterns of derivatives: sets of input elements carried through a recorded call, one set per element."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.graph import Spec
from tinygrad_edu.engine.levels import opened
from tinygrad_edu.engine.tensor import LEVEL0, Tensor, payload
from tinygrad_edu.engine.tree import flatten, unflatten
from tinygrad_edu.errors import DTypeError, LevelError, ShapeError, UnsupportedError
from tinygrad_edu.func._arguments import Function, inputs_of
from tinygrad_edu.func._batch import rewinding
from tinygrad_edu.func._graph import Equation, Look, Trace, Traced, Value
from tinygrad_edu.func._groups import Call, Matrix, scipy_sparse
from tinygrad_edu.func._reverse import Recorded
from tinygrad_edu.func._structure import structure_of

LIMIT = 50_000_000
"""How many entries a pattern may have: 250 MB of indices. A matrix with more is cheaper made dense, row by row."""


class Found(NamedTuple):
    """What a recorded call says of its Jacobian."""

    pattern: Matrix
    eps: float  # of the coarsest precision on the way
    looks: tuple[
        str, ...
    ]  # where the function looked at a value to decide what to do: it may do another thing elsewhere


def detect(call: Function, leaves: Sequence[Tensor], name: str) -> Found:
    """The pattern of the Jacobian of `call(*leaves)`, which returns a list, for any values of the leaves."""
    sp = scipy_sparse(name)
    trace = Trace()
    rewind = rewinding()  # who draws random numbers afterwards draws what they would have
    with opened() as level:
        inputs = [Traced(x.detach(), trace.new(), trace, level) for x in leaves]
        ys = [output_of(y, name) for y in call(*inputs)]
        outputs = [y.which if isinstance(y, Traced) and y.level == level else None for y in ys]
    rewind()
    if not ys:
        raise UnsupportedError(f"{name}: the function returned no tensor; it must return what is to be differentiated.")
    n = elements(leaves)
    sets: dict[Value, Matrix] = {}
    specs: dict[Value, Spec] = {}
    start = 0
    for x in inputs:
        size = math.prod(x.shape)
        sets[x.which] = sp.csr_matrix(
            (np.ones(size, bool), np.arange(start, start + size), np.arange(size + 1)), shape=(size, n)
        )
        specs[x.which] = Spec(x.shape, x.dtype)
        start += size
    last = _last_uses(trace, outputs)
    for number, entry in enumerate(trace.entries):
        if isinstance(entry, Look):
            continue
        args = [specs[a] if isinstance(a, Value) else _constant(a) for a in entry.args]
        sources = [
            (i, sets[a])
            for i, a in enumerate(entry.args)
            if isinstance(a, Value) and a in sets and _contributes(entry, i)
        ]
        for which, spec in zip(entry.outputs, entry.specs, strict=True):
            specs[which] = spec
            if spec.dtype.kind not in "fc":
                continue  # indices and masks: no derivative, but they vary
            found = None
            for position, given in sources:
                term = _applied(Call(entry.op, position, args, entry.params, spec), given, entry, name)
                found = term if found is None else found if term is given and found is given else found + term
            if found is not None:
                sets[which] = found
        for value in last.get(number, ()):
            sets.pop(value, None)
    rows = [
        sp.csr_matrix((math.prod(y.shape), n), dtype=bool) if which is None or which not in sets else sets[which]
        for which, y in zip(outputs, ys, strict=True)
    ]
    matrix = sp.csr_matrix(sp.vstack(rows, format="csr"), dtype=bool)
    matrix.sort_indices()
    looks = tuple(dict.fromkeys(entry.source for entry in trace.entries if isinstance(entry, Look)))
    return Found(matrix, coarsest(specs.values()), looks)


def output_of(y: Any, name: str) -> Any:
    """A leaf of the function's result, if it is one that has a derivative, or is a real constant."""
    if not isinstance(y, Tensor | np.ndarray | np.number | float):
        raise UnsupportedError(
            f"{name}: the function returned {y!r:.60} of type {type(y).__name__}; it must return "
            "real tensors, or containers of them."
        )
    y = y if isinstance(y, Tensor | np.ndarray) else np.asarray(y)
    if y.dtype.kind != "f":
        raise DTypeError(
            f"{name}: the function returned {y.dtype} of shape {y.shape}, and only real floating results have a sparse matrix of "
            "derivatives here. Convert it (y.float()), or return its real and imaginary parts."
        )
    return y


def _last_uses(trace: Trace, outputs: Sequence[Value | None]) -> dict[int, list[Value]]:
    """By the number of an entry, the values that nothing behind it uses."""
    last: dict[Value, int] = {}
    for number, entry in enumerate(trace.entries):
        if isinstance(entry, Equation):
            last.update((a, number) for a in entry.args if isinstance(a, Value))
            last.update((v, number) for v in entry.outputs)
    found: dict[int, list[Value]] = {}
    for value, number in last.items():
        if value not in outputs:
            found.setdefault(number, []).append(value)
    return found


def _constant(a: Any) -> Any:
    a = payload(a)
    # Values of outer transforms have no numbers to look at; they count as varying.
    return Spec(a.shape, a.dtype) if isinstance(a, Tensor) else a


def _contributes(equation: Equation, position: int) -> bool:
    rule = equation.op.rule(position)
    if rule is None:
        return False
    local = rule.local
    return local is None or local.number is None or local.number != 0


def _applied(call: Call, given: Matrix, equation: Equation, name: str) -> Matrix:
    matrices = structure_of(call)
    if matrices is None:
        return given
    for matrix in reversed(matrices):
        if matrix.nnz and matrix.nnz <= matrix.shape[0]:  # a selection: its result's size is known beforehand
            count = int(np.diff(given.indptr)[matrix.indices].sum(dtype=np.int64))
            if count > LIMIT:
                raise UnsupportedError(
                    f"{name}: {call.op.name} at {equation.source} ({equation.code}) joins so many elements that the pattern has "
                    f"{count:,} entries of {matrix.shape[0]:,} × {given.shape[1]:,}: the matrix isn't sparse. Use jacrev, jacfwd "
                    "or hessian, or products with it (jvp, vjp, hvp)."
                )
        given = matrix @ given
    return given


def real_inputs(args: Any, name: str) -> tuple[list[Tensor], Any]:
    """The leaves to differentiate, checked: real, floating, and not inside another transform."""
    leaves, structure = inputs_of(args, name)
    for x in leaves:
        if x.dtype.kind == "c":
            raise DTypeError(
                f"{name}: an input of shape {x.shape} is {x.dtype}; sparse matrices are of real functions. Give its real and "
                "imaginary parts as two inputs."
            )
        if type(x) not in LEVEL0:
            raise LevelError(
                f"{name}: called inside {getattr(x, 'transform', 'a transform')}, but its result is a SciPy matrix, which carries "
                "no derivative and no batch. Use jacfwd, jacrev or hessian there."
            )
    if not leaves:
        raise ShapeError(f"{name}: there is no input to differentiate.")
    return leaves, structure


def coarsest(values: Iterable[Any]) -> float:
    """The largest rounding error relative to a number, of the floating dtypes among these values'."""
    return max((float(np.finfo(dtype).eps) for dtype in {v.dtype for v in values} if dtype.kind in "fc"), default=0.0)


def elements(leaves: Sequence[Any]) -> int:
    return sum(math.prod(x.shape) for x in leaves)


def gradient_of(function: Function, name: str) -> Function:
    """The gradient of a scalar function in all of its arguments, as a tuple."""
    return lambda *xs: Recorded(function, xs, name, False).pull_scalar()


def jacobian_sparsity(f: Function, *inputs: Any) -> Matrix:
    """Which entries of the Jacobian of `f` at `inputs` can be nonzero: a boolean `scipy.sparse` CSR matrix (m, n).

    Row by row the elements of all results, in their order, column by column those of all inputs. The function is
    called once and its operations are gone through with sets of input elements (Griewank and Walther 2008, *Evaluating
    Derivatives*, §7.1–7.2). The pattern holds for any values of the same shapes, as long as the function does the same
    operations, and with the same integer and boolean arrays: entries that are zero only for some values (`x*0`, the
    other side of a `where`) are in it.

    Raises UnsupportedError where SciPy is missing, or where the pattern would have more than 50 million entries;
    DTypeError for inputs or results that aren't real floating numbers.
    """
    return _sparsity(f, inputs, "jacobian_sparsity")


def hessian_sparsity(f: Function, *inputs: Any) -> Matrix:
    """Which entries of the Hessian of a scalar `f` can be nonzero: a symmetric boolean CSR matrix (n, n).

    It is the `jacobian_sparsity` of the gradient, whose reverse sweep is recorded, and what that has in common with its
    transpose.
    """
    return symmetric(_sparsity(gradient_of(f, "hessian_sparsity"), inputs, "hessian_sparsity"))


def _sparsity(f: Function, inputs: Any, name: str) -> Matrix:
    leaves, structure = real_inputs(inputs, name)
    return detect(lambda *xs: flatten(f(*unflatten(structure, xs)))[0], leaves, name).pattern


def symmetric(pattern: Matrix) -> Matrix:
    """The entries that are there with their mirror image: of a superset of a symmetric pattern a smaller one."""
    both = pattern.multiply(pattern.T).astype(bool).tocsr()
    both.sort_indices()
    return both
