"""`gradcheck` and `gradgradcheck`: derivatives by the rules, held against finite differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.autograd._grad import grad
from tinygrad_edu.engine.modes import enable_grad, no_grad
from tinygrad_edu.engine.tensor import Array, Tensor, make
from tinygrad_edu.errors import ConfigError, GradcheckError
from tinygrad_edu.func._batch import vmap
from tinygrad_edu.func._forward import jvp
from tinygrad_edu.func._reverse import alias
from tinygrad_edu.random._fill import uniform_

Function = Callable[..., Any]


class _Check:
    """A function, the inputs to check it at, and the tolerances. Everything is compared as matrices, output elements by
    input elements; a complex tensor counts as its real parts followed by its imaginary ones.
    """

    def __init__(self, name: str, func: Function, inputs: Any, eps: float, atol: float, rtol: float) -> None:
        self.name, self.func, self.eps, self.atol, self.rtol = name, func, eps, atol, rtol
        self.inputs = list(inputs) if isinstance(inputs, tuple | list) else [inputs]
        self.checked = [i for i, x in enumerate(self.inputs) if isinstance(x, Tensor) and x.requires_grad]
        if not self.checked:
            raise ConfigError(f"{name}: none of the inputs has requires_grad=True, so there is nothing to check.")
        for i in self.checked:
            x = self.inputs[i]
            if x.dtype not in (np.float64, np.complex128):
                warnings.warn(
                    f"{name}: input {i} is {x.dtype}; finite differences need float64 or complex128 to come out right.",
                    UserWarning,
                    stacklevel=4,
                )
            if not x.array.flags.writeable:
                raise ConfigError(f"{name}: input {i} is a broadcast or read-only view; give a copy (x.clone()).")

    def outputs(self) -> list[Tensor]:
        answer = self.func(*self.inputs)
        listed = list(answer) if isinstance(answer, tuple | list) else [answer]
        return [y for y in listed if isinstance(y, Tensor) and y.dtype.kind in "fc"]

    # -- finite differences ----------------------------------------------------------------------------------------

    def values(self) -> list[Array]:
        with no_grad():
            return [_reals(y.detach().numpy()).copy() for y in self.outputs()]

    def numerical(self, i: int) -> list[Array]:
        """By central differences: for each output its Jacobian in input `i`. The input is changed in place, so that a
        function may use it from outside, and put back.
        """
        array = self.inputs[i].array
        columns: list[list[Array]] = []
        for direction in (1.0, 1j) if array.dtype.kind == "c" else (1.0,):
            for place in np.ndindex(array.shape):
                columns.append(self._difference(array, place, direction))
        return [np.stack(column, axis=1) for column in zip(*columns, strict=True)] if columns else []

    def _difference(self, array: Array, place: Any, direction: Any) -> list[Array]:
        before = array[place].copy()
        try:
            array[place] = before + self.eps * direction
            above = self.values()
            array[place] = before - self.eps * direction
            below = self.values()
        finally:
            array[place] = before
        return [(a - b) / (2 * self.eps) for a, b in zip(above, below, strict=True)]

    # -- by the rules ----------------------------------------------------------------------------------------------

    def reverse(self, ys: Sequence[Tensor], o: int) -> list[Array]:
        """Of output `o` the Jacobian in each checked input, a sweep per row."""
        rows: list[list[Array]] = []
        for seed in _units(ys[o]):
            rows.append([_reals(x_bar.detach().numpy()) for x_bar in self._sweep(ys[o], seed)])
        return [np.stack(column) for column in zip(*rows, strict=True)] if rows else []

    def _sweep(self, y: Tensor, seed: Any, **options: Any) -> Any:
        wanted = [self.inputs[i] for i in self.checked]
        return grad(y, wanted, seed, retain_graph=True, materialize_grads=True, **options)

    def forward(self, i: int) -> list[Array]:
        """For each output its Jacobian in input `i`, a tangent per column."""
        x = self.inputs[i].detach()
        columns = []
        for x_dot in _units(x):
            columns.append([_reals(v.detach().numpy()) for v in self._along(i, x, x_dot)])
        return [np.stack(column, axis=1) for column in zip(*columns, strict=True)]

    def _along(self, i: int, x: Tensor, x_dot: Any) -> list[Tensor]:
        def call(z: Any) -> Any:
            full = [z if j == i else v.detach() if isinstance(v, Tensor) else v for j, v in enumerate(self.inputs)]
            answer = self.func(*full)
            listed = list(answer) if isinstance(answer, tuple | list) else [answer]
            return [y for y in listed if isinstance(y, Tensor) and y.dtype.kind in "fc"]

        return list(jvp(call, (x,), (x_dot,))[1])

    # -- comparing -------------------------------------------------------------------------------------------------

    def compare(self, numerical: Array, analytical: Array, o: int, i: int, what: str) -> None:
        if np.allclose(analytical, numerical, self.rtol, self.atol, equal_nan=True):
            return
        difference = np.abs(analytical - numerical)
        worst = np.unravel_index(int(np.nanargmax(difference)), difference.shape)
        raise GradcheckError(
            f"{self.name}: the {what} Jacobian of output {o} with respect to input {i} is wrong (rows: output elements, columns: "
            f"input elements). Largest difference {difference[worst]:.3g}, at {tuple(map(int, worst))}.\n"
            f"numerical:\n{np.array2string(numerical, precision=6)}\nanalytical:\n{np.array2string(analytical, precision=6)}"
        )

    def same(self, got: Array, want: Array, o: int, i: int, what: str, tolerance: float) -> None:
        if not np.allclose(got, want, self.rtol if tolerance < 0 else 0, max(tolerance, self.atol * (tolerance < 0))):
            raise GradcheckError(
                f"{self.name}: {what}, for output {o} and input {i}:\n{np.array2string(got, precision=6)}\nbut\n"
                f"{np.array2string(want, precision=6)}"
            )


def _reals(array: Array) -> Array:
    """As a vector of real numbers."""
    flat = array.reshape(-1)
    return np.concatenate([flat.real, flat.imag]) if array.dtype.kind == "c" else flat


def _units(x: Any) -> list[Tensor]:
    """Every unit direction in a tensor's shape, the imaginary ones last."""
    directions = []
    for unit in (1.0, 1j) if x.dtype.kind == "c" else (1.0,):
        for place in np.ndindex(x.shape):
            one = np.zeros(x.shape, x.dtype)
            one[place] = unit
            directions.append(make(one, None))
    return directions


def gradcheck(
    func: Function,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Hold the derivatives of `func` at `inputs` against central differences (f(x + eps) − f(x − eps)) / 2 eps.

    Checked are the inputs with `requires_grad`; they should be float64 or complex128. True if every entry agrees to `atol + rtol
    |numerical|`. Otherwise GradcheckError, whose message shows both Jacobians, or False with `raise_exception=False`.

    Args:
        func: from Tensors to a Tensor or a tuple of them.
        inputs: its arguments, a Tensor or a tuple.
        eps, atol, rtol: the step, and the tolerances.
        raise_exception: raise, rather than return False.
        nondet_tol: by how much two sweeps over the same graph may differ.
        check_undefined_grad: also that a zero gradient coming in gives zeros.
        check_grad_dtypes: also that gradients have their input's dtype.
        check_batched_grad: also that the sweep under `vmap` agrees with one at a time.
        check_batched_forward_grad: likewise for forward mode.
        check_forward_ad: also forward mode.
        check_backward_ad: reverse mode.
        fast_mode: compare one random combination of rows and columns instead of whole Jacobians.
        masked: of no effect: there are no sparse tensors here.
    """
    check = _Check("gradcheck", func, inputs, eps, atol, rtol)
    if not check_backward_ad and not check_forward_ad:
        raise ConfigError("gradcheck: nothing to check: check_backward_ad and check_forward_ad are both False.")
    try:
        if fast_mode:
            _fast(check, check_backward_ad, check_forward_ad)
        else:
            _slow(check, check_backward_ad, check_forward_ad, nondet_tol)
        with enable_grad():
            ys = check.outputs()
        for o, y in enumerate(ys):
            if y.node is not None and check_backward_ad:
                _further(check, y, o, check_undefined_grad, check_grad_dtypes, check_batched_grad)
        if check_batched_forward_grad:
            _batched_forward(check)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _slow(check: _Check, backward: bool, forward: bool, nondet_tol: float) -> None:
    numerical = [check.numerical(i) for i in check.checked]
    if backward:
        with enable_grad():
            ys = check.outputs()
        for o, y in enumerate(ys):
            if y.node is None:
                for i, jacobians in zip(check.checked, numerical, strict=True):
                    if jacobians and not np.allclose(jacobians[o], 0, check.rtol, check.atol):
                        zeros = np.zeros_like(jacobians[o])
                        check.compare(jacobians[o], zeros, o, i, "missing (the output is in no graph) reverse-mode")
                continue
            rows, again = check.reverse(ys, o), check.reverse(ys, o)
            for i, jacobians, row, second in zip(check.checked, numerical, rows, again, strict=bool(rows)):
                check.compare(jacobians[o], row, o, i, "reverse-mode")
                check.same(row, second, o, i, "two sweeps over the same graph differ", nondet_tol)
    if forward:
        for i, jacobians in zip(check.checked, numerical, strict=True):
            for o, column in enumerate(check.forward(i)):
                check.compare(jacobians[o], column, o, i, "forward-mode")


def _fast(check: _Check, backward: bool, forward: bool) -> None:
    rng = np.random.default_rng(0)
    for i in check.checked:
        x = check.inputs[i]
        u: Array = np.asarray(rng.standard_normal(x.shape))
        u = np.asarray(u / max(float(np.linalg.norm(u)), 1e-30), x.dtype)
        slopes = check._difference(x.array, ..., u)
        with enable_grad():
            ys = check.outputs()
        dots = check._along(i, x.detach(), make(u, None)) if forward else []
        for o, (y, slope) in enumerate(zip(ys, slopes, strict=True)):
            v: Array = np.asarray(rng.standard_normal(slope.shape))
            if backward and y.node is not None:
                half = y.array.size
                seed = v[:half] + 1j * v[half:] if y.dtype.kind == "c" else v
                x_bar = check._sweep(y, make(seed.reshape(y.shape).astype(y.dtype), None))[check.checked.index(i)]
                got = _reals(x_bar.detach().numpy()) @ _reals(u)
                check.compare(np.reshape(v @ slope, (1, 1)), np.reshape(got, (1, 1)), o, i, "reverse-mode (fast)")
            if forward:
                got = v @ _reals(dots[o].detach().numpy())
                check.compare(np.reshape(v @ slope, (1, 1)), np.reshape(got, (1, 1)), o, i, "forward-mode (fast)")


def _further(check: _Check, y: Tensor, o: int, undefined: bool, dtypes: bool, batched: bool) -> None:
    if undefined:
        for i, x_bar in zip(check.checked, check._sweep(y, make(np.zeros(y.shape, y.dtype), None)), strict=True):
            values = x_bar.detach().numpy()
            check.same(
                values, np.zeros_like(values), o, i, "a zero gradient coming in should give zeros; it gives", 0.0
            )
    if dtypes:
        for i, x_bar in zip(check.checked, check._sweep(y, make(np.ones(y.shape, y.dtype), None)), strict=True):
            if x_bar.dtype != check.inputs[i].dtype:
                raise GradcheckError(
                    f"{check.name}: the gradient of output {o} in input {i} is {x_bar.dtype}; the input is {check.inputs[i].dtype}."
                )
    if batched and y.array.size:
        seeds = [np.random.default_rng(k).standard_normal(y.shape).astype(y.dtype) for k in range(2)]
        together = check._sweep(y, make(np.stack(seeds), None), is_grads_batched=True)
        for k, seed in enumerate(seeds):
            for i, one, all_ in zip(check.checked, check._sweep(y, make(seed, None)), together, strict=True):
                check.same(all_.numpy()[k], one.numpy(), o, i, "the sweep under vmap differs from one at a time", -1.0)


def _batched_forward(check: _Check) -> None:
    for i in check.checked:
        x = check.inputs[i].detach()
        tangents = [np.random.default_rng(k).standard_normal(x.shape).astype(x.dtype) for k in range(2)]
        together = vmap(lambda t, i=i, x=x: check._along(i, x, t))(make(np.stack(tangents), None))
        for k, t in enumerate(tangents):
            for o, one in enumerate(check._along(i, x, make(t, None))):
                what = "forward mode under vmap differs from one at a time"
                check.same(together[o].numpy()[k], one.numpy(), o, i, what, -1.0)


def gradgradcheck(
    func: Function,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """`gradcheck` of the gradient: second derivatives against differences of first ones.

    `grad_outputs` are the cotangents to take the gradient with, random ones by default; those with `requires_grad` are
    checked too. `check_rev_over_rev` differentiates the gradient by reverse mode, `check_fwd_over_rev` by forward mode.
    """
    listed = list(inputs) if isinstance(inputs, tuple | list) else [inputs]

    def outputs(*xs: Any) -> list[Tensor]:
        answer = func(*xs)
        ys = list(answer) if isinstance(answer, tuple | list) else [answer]
        return [y for y in ys if isinstance(y, Tensor) and y.dtype.kind in "fc"]

    if grad_outputs is None:
        cotangents = [make(_random(y), None).requires_grad_() for y in outputs(*listed)]
    else:
        cotangents = list(grad_outputs) if isinstance(grad_outputs, tuple | list) else [grad_outputs]
    wanted = [i for i, x in enumerate(listed) if isinstance(x, Tensor) and x.requires_grad]

    def gradient(*given: Any) -> tuple[Tensor, ...]:
        xs, y_bars = list(given[: len(listed)]), given[len(listed) :]
        with enable_grad():
            for i in wanted:
                if xs[i].node is None:
                    xs[i] = alias(xs[i])
            pairs = [(y, c) for y, c in zip(outputs(*xs), y_bars, strict=True) if y.node is not None]
            return grad(  # type: ignore[no-any-return]
                [y for y, _ in pairs],
                [xs[i] for i in wanted],
                [c for _, c in pairs],
                create_graph=True,
                materialize_grads=True,
            )

    return gradcheck(
        gradient,
        (*listed, *cotangents),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
    )


def _random(y: Tensor) -> Array:
    """Numbers from −1 to 1, of the program's own generator: PyTorch's, after which a program draws what it draws there."""
    array = np.empty(y.shape, y.dtype)
    uniform_(array.view(array.real.dtype) if y.dtype.kind == "c" and y.shape else array, -1.0, 1.0)
    return array
