"""Sparse Jacobians and Hessians: as many derivative passes as the pattern has colours, and a SciPy matrix."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.tensor import Array, Tensor, make
from tinygrad_edu.engine.tree import flatten, unflatten
from tinygrad_edu.errors import ConfigError, GraphError, ShapeError
from tinygrad_edu.func._arguments import Argnums, Function, choose
from tinygrad_edu.func._batch import check_chunk_size, in_chunks, vmap
from tinygrad_edu.func._coloring import (
    alone_in_row,
    column_coloring,
    count,
    mirror,
    row_coloring,
    rows_of,
    star_coloring,
)
from tinygrad_edu.func._forward import jvp
from tinygrad_edu.func._groups import Matrix, scipy_sparse
from tinygrad_edu.func._memory import bytes_per_direction
from tinygrad_edu.func._reverse import Recorded
from tinygrad_edu.func._sparsity import (
    Found,
    coarsest,
    detect,
    elements,
    gradient_of,
    output_of,
    real_inputs,
    symmetric,
)
from tinygrad_edu.ops.create import as_tensor

MODES = ("auto", "forward", "reverse")

MEMORY = 2**28
"""How many bytes the passes of one chunk may take, by the estimate of `bytes_per_direction`."""


class Plan(NamedTuple):
    """How a matrix is put together: its entry `order[k]` is found in pass `sorted_passes[k]`, entry e at `places[e]` there."""

    pattern: Matrix
    mode: str
    colors: Array
    order: Array
    sorted_passes: Array
    places: Array
    found: Found


class SparseDerivative:
    """A function that returns the Jacobian or Hessian of another at a point, as a `scipy.sparse` CSR matrix.

    Made by `sparse_jacobian` and `sparse_hessian`. The first call finds the pattern and its colouring; later ones with
    arguments of the same shapes use them again. After a call there are `pattern` (boolean CSR), `mode` ("forward" or
    "reverse"), `colors` (one per column, or per row in reverse mode; −1: empty) and `passes` (the number of colours).
    """

    def __init__(
        self,
        f: Function,
        argnums: Argnums,
        name: str,
        mode: str,
        pattern: Any,
        chunk_size: int | None,
        check: bool,
    ) -> None:
        if mode not in MODES:
            raise ConfigError(f"{name}: mode must be one of {', '.join(MODES)}, not {mode!r}.")
        check_chunk_size(chunk_size, name)
        self._f, self._argnums, self._name, self._mode = f, argnums, name, mode
        self._chunk_size, self._check = chunk_size, check
        self._chunk = chunk_size
        self._hessian = name == "sparse_hessian"
        self._given = None if pattern is None else self._checked(pattern)
        self._plan: Plan | None = None
        self._key: Any = None
        self._held: Any = None  # keeps alive what the key knows by identity
        if self._given is not None:
            self._plan = self._planned(Found(self._given, 0.0, ()))

    def __repr__(self) -> str:
        name = getattr(self._f, "__name__", repr(self._f))
        if self._plan is None:
            return f"{self._name}({name}), not called yet"
        m, n = self._plan.pattern.shape
        return f"{self._name}({name}): {m} × {n}, {self._plan.pattern.nnz} entries, {self.passes} {self.mode} passes"

    @property
    def pattern(self) -> Matrix:
        """Which entries can be nonzero: a boolean CSR matrix."""
        return self._known("pattern").pattern

    @property
    def mode(self) -> str:
        """Whether the passes are "forward" (JVPs) or "reverse" (VJPs)."""
        return self._known("mode").mode

    @property
    def colors(self) -> Array:
        """In which pass each column, or in reverse mode each row, is; −1 for an empty one."""
        return self._known("colors").colors

    @property
    def passes(self) -> int:
        """How many passes a matrix takes: the number of colours."""
        return count(self._known("passes").colors)

    def _known(self, what: str) -> Plan:
        if self._plan is None:
            raise GraphError(f"{self._name}: its {what} can be had after the first call. Call it with a point first.")
        return self._plan

    def __call__(self, *args: Any, **kwargs: Any) -> Matrix:
        chosen, function = choose(self._f, self._argnums, args, kwargs, self._name)
        leaves, structure = real_inputs(tuple(chosen), self._name)
        leaves = [x.detach() for x in leaves]
        if self._hessian:
            function = gradient_of(function, self._name)
        call = lambda *xs: flatten(function(*unflatten(structure, xs)))[0]
        if self._given is None:
            key, held = _fingerprint(leaves, structure, self._argnums, args, kwargs)
            if self._plan is None or key != self._key:
                self._plan = self._planned(detect(call, leaves, self._name))
                self._key, self._held, self._chunk = key, held, self._chunk_size
        plan = self._known("pattern")
        n = elements(leaves)
        if plan.pattern.shape[1] != n:
            raise ShapeError(
                f"{self._name}: the pattern has shape {plan.pattern.shape}, but the inputs have {n} elements: it needs {n} columns."
            )
        return self._recovered(plan, call, leaves)

    # -- the plan ---------------------------------------------------------------------------------------------------

    def _checked(self, pattern: Any) -> Matrix:
        sp = scipy_sparse(self._name)
        if not sp.issparse(pattern) and np.ndim(pattern) != 2:
            raise ShapeError(f"{self._name}: a pattern is a matrix, this one has shape {np.shape(pattern)}.")
        matrix = sp.csr_matrix(pattern).astype(bool)
        matrix.data[:] = True  # what is stored counts, be it zero at some point
        matrix.sum_duplicates()
        if not self._hessian:
            return matrix
        if matrix.shape[0] != matrix.shape[1]:
            raise ShapeError(f"{self._name}: a Hessian's pattern is square, this one has shape {matrix.shape}.")
        if (matrix != matrix.T).nnz:
            raise ConfigError(f"{self._name}: a Hessian's pattern is symmetric, this one isn't: give (p + p.T).")
        return matrix

    def _planned(self, found: Found) -> Plan:
        pattern, mode = found.pattern, self._mode
        if self._hessian:
            pattern = symmetric(pattern)
            colors, passes, places = _star_plan(pattern)
        else:
            mode, colors = _shorter(pattern, mode)
            rows, columns = rows_of(pattern), pattern.indices
            passes, places = (colors[columns], rows) if mode == "forward" else (colors[rows], columns)
        order = np.argsort(passes, kind="stable")
        return Plan(pattern, mode, colors, order, passes[order], places, found)

    # -- the passes -------------------------------------------------------------------------------------------------

    def _recovered(self, plan: Plan, call: Function, leaves: Sequence[Tensor]) -> Matrix:
        size, passes = len(plan.colors), count(plan.colors)
        rng = np.random.default_rng(0)
        direction = rng.uniform(0.5, 1.5, size) * rng.choice([-1.0, 1.0], size)
        sweep = (self._forward if plan.mode == "forward" else self._reverse)(plan, call, leaves)
        data = np.zeros(plan.pattern.nnz, leaves[0].dtype)
        along = None
        if self._chunk is None:
            each = bytes_per_direction(call, *leaves, argnums=tuple(range(len(leaves))))
            self._chunk = max(1, MEMORY // max(1, each))

        def run(start: int, stop: int) -> tuple[int, int, Array]:
            seeds = np.zeros((stop - start, size))
            mine = np.flatnonzero((plan.colors >= start) & (plan.colors < stop))
            seeds[plan.colors[mine] - start, mine] = 1
            if stop > passes:
                seeds[-1] = direction
            return start, stop, sweep(seeds)

        for start, stop, products in in_chunks(run, passes + self._check, self._chunk, "same"):
            if start == 0:
                data = data.astype(products.dtype)
            first, last = np.searchsorted(plan.sorted_passes, [start, stop])
            here = plan.order[first:last]
            data[here] = products[plan.sorted_passes[first:last] - start, plan.places[here]]
            along = products[-1] if stop > passes else None
        matrix = scipy_sparse(self._name).csr_matrix(
            (data, plan.pattern.indices.copy(), plan.pattern.indptr.copy()), shape=plan.pattern.shape
        )
        if along is not None:
            self._compare(plan, matrix, direction, along, max(plan.found.eps, coarsest([*leaves, along])))
        return matrix

    def _forward(self, plan: Plan, call: Function, leaves: Sequence[Tensor]) -> Callable[[Array], Array]:
        def along(*tangents: Any) -> Any:
            ys = [output_of(y, self._name) for y in jvp(call, tuple(leaves), tangents)[1]]
            self._rows_met(plan, ys)
            return ys

        products = vmap(along, randomness="same")
        return lambda seeds: _joined(products(*_cut(seeds, leaves)), len(seeds))

    def _reverse(self, plan: Plan, call: Function, leaves: Sequence[Tensor]) -> Callable[[Array], Array]:
        recorded = Recorded(call, leaves, self._name, False)
        self._rows_met(plan, [output_of(y, self._name) for y in recorded.outputs])
        products = vmap(lambda *y_bars: recorded.pull(y_bars))
        return lambda seeds: _joined(products(*_cut(seeds, recorded.outputs)), len(seeds))

    def _rows_met(self, plan: Plan, outputs: Sequence[Any]) -> None:
        m = elements(outputs)
        if plan.pattern.shape[0] != m:
            raise ShapeError(
                f"{self._name}: the pattern has shape {plan.pattern.shape}, but the function's results have {m} elements: it needs "
                f"{m} rows."
            )

    def _compare(self, plan: Plan, matrix: Matrix, direction: Array, product: Array, eps: float) -> None:
        """Raise if the matrix isn't the derivative along a direction that no pass has gone."""
        if plan.mode == "reverse":
            matrix = matrix.T
        with np.errstate(invalid="ignore", over="ignore"):
            wrong = matrix @ direction - product
            scale = abs(matrix) @ np.abs(direction) + np.abs(product)
            tolerance = np.sqrt(eps)
            bad = np.abs(wrong) > tolerance * (scale + tolerance * scale[np.isfinite(scale)].max(initial=0))
            bad |= np.isfinite(scale - np.abs(product)) != np.isfinite(product)
        if not bad.any():
            return
        at = int(np.argmax(bad))
        if self._given is not None:
            why = f"The pattern that was given lacks entries there; {self._pattern_name()} finds one that has them all."
        elif plan.found.looks:
            why = (
                f"The function looked at a value at {', '.join(plan.found.looks)}, and did something else when its pattern was "
                f"found. Make a new {self._name}(f) for this branch, choose by np.where, or give pattern=, the union of the "
                "branches' patterns."
            )
        else:
            why = (
                "The function isn't the one whose pattern was found: has something changed that it takes from outside, is it "
                f"random? Make a new {self._name}(f), or give pattern=. If nothing has, the derivative itself is lost in rounding."
            )
        which = "row" if plan.mode == "forward" else "column"
        raise GraphError(
            f"{self._name}: the matrix isn't the derivative: along a random direction its {which} {at} gives "
            f"{float(product[at] + wrong[at]):.6g} where the derivative is {float(product[at]):.6g}. {why}"
        )

    def _pattern_name(self) -> str:
        return "hessian_sparsity" if self._hessian else "jacobian_sparsity"


def _shorter(pattern: Matrix, mode: str) -> tuple[str, Array]:
    """The mode that takes fewer passes; forward if they take the same, as its passes are cheaper."""
    if mode != "auto":
        return mode, (column_coloring if mode == "forward" else row_coloring)(pattern)
    columns = column_coloring(pattern)
    fullest_column = int(np.bincount(pattern.indices, minlength=1).max()) if pattern.nnz else 0
    if count(columns) <= fullest_column:  # rows can't do with less
        return "forward", columns
    rows = row_coloring(pattern)
    return ("reverse", rows) if count(rows) < count(columns) else ("forward", columns)


def _star_plan(pattern: Matrix) -> tuple[Array, Array, Array]:
    """The colours of a Hessian, and where each entry (i, j) is read: in pass and place, the same for (j, i)."""
    rows, columns = rows_of(pattern), pattern.indices
    colors = star_coloring(pattern)
    alone = alone_in_row(pattern, colors)
    low, high = np.minimum(rows, columns), np.maximum(rows, columns)
    upper = np.where(rows <= columns, alone, alone[mirror(pattern)])
    return colors, np.where(upper, colors[high], colors[low]), np.where(upper, low, high)


def _cut(seeds: Array, leaves: Sequence[Any]) -> list[Tensor]:
    """Directions (k, total) as one tensor (k, *shape) per leaf."""
    ends = np.cumsum([math.prod(x.shape) for x in leaves])[:-1]
    parts = np.split(seeds, ends, axis=1)
    return [
        make(np.ascontiguousarray(p.reshape(len(seeds), *x.shape), dtype=x.dtype), None)
        for p, x in zip(parts, leaves, strict=True)
    ]


def _joined(parts: Sequence[Any], rows: int) -> Array:
    found = [as_tensor(p).detach().numpy().reshape(rows, -1) for p in parts]
    return found[0] if len(found) == 1 else np.concatenate(found, axis=1)


def _fingerprint(
    leaves: Sequence[Tensor], structure: Any, argnums: Argnums, args: Sequence[Any], kwargs: dict[str, Any]
) -> tuple[Any, Any]:
    """What a pattern depends on, to be compared: shapes, and what isn't a floating number among the other arguments."""
    wanted = {i % len(args) for i in ([argnums] if isinstance(argnums, int) else argnums)}
    others, shape = flatten(([a for i, a in enumerate(args) if i not in wanted], kwargs))
    seen: list[Any] = []
    for a in others:
        if isinstance(a, Tensor | np.ndarray):
            array = as_tensor(a).detach()
            values = None if array.dtype.kind in "fc" else array.numpy().tobytes()
            seen.append((array.shape, str(array.dtype), values))
        elif isinstance(a, float | complex | np.floating):
            seen.append(float)
        elif isinstance(a, int | str | bytes):
            seen.append((type(a), a))
        else:
            seen.append(id(a))
    return (structure, [(x.shape, x.dtype) for x in leaves], shape, seen), others


def sparse_jacobian(
    f: Function,
    argnums: Argnums = 0,
    *,
    mode: str = "auto",
    pattern: Any = None,
    chunk_size: int | None = None,
    check: bool = True,
) -> SparseDerivative:
    """The Jacobian of `f` as a sparse matrix: a function of `f`'s arguments, which returns a SciPy CSR matrix (m, n).

    Rows are the elements of all results, columns those of the arguments in `argnums`, containers flattened in order.
    Columns that meet in no row are found together, by one tangent (`mode="forward"`), or rows that meet in no column by
    one cotangent ("reverse"); "auto" takes what needs fewer. See Griewank and Walther 2008, *Evaluating Derivatives*,
    ch. 7–8, and `column_coloring`. The pattern is that of `jacobian_sparsity`, found at the first call and used again
    while shapes and integer arguments stay the same, or it is given as `pattern`, a matrix or array (m, n) whose nonzero
    entries are those of the Jacobian, or more. With `check`, one more pass compares the matrix with the derivative
    along a random direction.

    The passes run in one batch, or `chunk_size` at a time (by default as many as fit into 256 MB). Cost: as
    many passes as colours, and one.

    Raises GraphError where the check fails: the function took another branch, or entries are missing from `pattern`;
    ShapeError for a pattern of another shape, ConfigError for an unknown mode, DTypeError for inputs or results that
    aren't real floating numbers, UnsupportedError without SciPy (`pip install "tinygrad-edu[sparse]"`).
    """
    return SparseDerivative(f, argnums, "sparse_jacobian", mode, pattern, chunk_size, check)


def sparse_hessian(
    f: Function,
    argnums: Argnums = 0,
    *,
    pattern: Any = None,
    chunk_size: int | None = None,
    check: bool = True,
) -> SparseDerivative:
    """The Hessian of a scalar `f` as a sparse matrix: a function of `f`'s arguments, which returns a CSR matrix (n, n).

    As many Hessian–vector products, forward over reverse, as a star colouring has colours; each entry is read from the
    product of its column or from that of its row, so the result is exactly symmetric (Coleman and Moré 1984;
    Gebremedhin, Manne and Pothen 2005, §4). The rest is as for `sparse_jacobian`; a `pattern` must be symmetric.
    """
    return SparseDerivative(f, argnums, "sparse_hessian", "forward", pattern, chunk_size, check)
