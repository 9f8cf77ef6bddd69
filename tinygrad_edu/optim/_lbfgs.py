"""L-BFGS: a quasi-Newton method that remembers the last steps in place of a Hessian."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.modes import enable_grad, no_grad
from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.optim._arrays import Array
from tinygrad_edu.optim._line_search import strong_wolfe
from tinygrad_edu.optim._optimizer import Group, Optimizer

_NUMBERS = ("t", "ro", "H_diag")
_ARRAYS = ("d", "prev_flat_grad", "old_dirs", "old_stps")  # what of the state is vectors over all parameters


class LBFGS(Optimizer):
    """`step(closure)` makes up to `max_iter` iterations θ ← θ + t · d, d = −H · gradient, H an approximation of the inverse
    Hessian from the last `history_size` steps (Nocedal & Wright, 2006, algorithms 7.4 and 7.5).

    The closure clears the gradients, computes the loss, sweeps back and returns the loss; it is called up to `max_eval`
    times (1.25 · max_iter if None). t is `lr`, or with `line_search_fn="strong_wolfe"` searched for from there. It ends
    early where no gradient is larger than `tolerance_grad`, or loss and parameters change by less than
    `tolerance_change`. There is one group of parameters.
    """

    per_parameter = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if line_search_fn not in (None, "strong_wolfe"):
            raise ConfigError(f'LBFGS: line_search_fn is "strong_wolfe" or None, not {line_search_fn!r}.')
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: Group) -> None:
        if self.param_groups:
            raise ConfigError("LBFGS: it moves all parameters along one direction, so there is one group of them.")
        super().add_param_group(param_group)

    # -- all parameters as one vector ------------------------------------------------------------------------------

    def _flat_grad(self) -> Array:
        parts = [
            np.zeros(p.array.size, p.dtype) if p.grad is None else p.grad.array.reshape(-1)
            for p in self.param_groups[0]["params"]
        ]
        return np.concatenate(parts)

    def _move(self, t: Any, d: Array) -> None:
        start = 0
        for p in self.param_groups[0]["params"]:
            end = start + p.array.size
            p.array += t * d[start:end].reshape(p.shape)
            note_write(p.array)
            start = end

    # -- one step --------------------------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Iterate; returns the loss before the first iteration."""
        if closure is None:
            raise ConfigError("LBFGS.step(closure): needs a function that computes the loss and its gradients anew.")
        for hook in list(self._pre_hooks):
            hook(self, (closure,), {})
        with no_grad():
            loss = self._iterate(closure)
        for hook in list(self._post_hooks):
            hook(self, (closure,), {})
        return loss

    def _iterate(self, closure: Callable[[], Any]) -> Any:
        group = self.param_groups[0]
        params, lr, tolerance = group["params"], self._number(group["lr"]), group["tolerance_change"]

        def evaluate() -> tuple[float, Array, Any]:
            with enable_grad():
                answer = closure()
            return float(answer), self._flat_grad(), answer

        def at(t: Any, d: Array) -> tuple[float, Array]:
            before = [p.array.copy() for p in params]
            self._move(t, d)
            found, slope, _ = evaluate()
            for p, value in zip(params, before, strict=True):
                p.array[...] = value
                note_write(p.array)
            return found, slope

        kept = self.state[params[0]]
        state = _unwrapped(kept) or {"func_evals": 0, "n_iter": 0}
        loss, g, first = evaluate()
        calls = 1
        state["func_evals"] += 1
        if np.abs(g).max() <= group["tolerance_grad"]:
            kept.update(_wrapped(state))
            return first
        for i in range(1, group["max_iter"] + 1):
            d = _direction(state, g, group["history_size"])
            previous = loss
            state["prev_flat_grad"] = g.copy()
            t = min(1.0, 1.0 / np.abs(g).sum()) * lr if state["n_iter"] == 1 else lr
            slope = g.dot(d)
            state.update(d=d, t=t, prev_loss=previous)
            if slope > -tolerance:
                break
            used = 0
            if group["line_search_fn"] is not None:
                loss, g, t, used = strong_wolfe(at, t, d, loss, g, slope, group["max_eval"] - calls)
                self._move(t, d)
            else:
                self._move(t, d)
                if i != group["max_iter"]:
                    loss, g, _ = evaluate()
                    used = 1
            state["t"] = t
            calls += used
            state["func_evals"] += used
            if (
                calls >= group["max_eval"]
                or np.abs(g).max() <= group["tolerance_grad"]
                or np.abs(d * t).max() <= tolerance
                or abs(loss - previous) < tolerance
            ):
                break
        kept.update(_wrapped(state))
        return first


def _direction(state: dict[str, Any], g: Array, history: int) -> Array:
    """−H g by the two-loop recursion, the history first brought up to date with the last step."""
    state["n_iter"] += 1
    if state["n_iter"] == 1:
        state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
        return -g
    changes, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
    y, s = g - state["prev_flat_grad"], state["d"] * state["t"]
    curvature = y.dot(s)
    if curvature > 1e-10:
        if len(changes) == history:
            changes.pop(0), steps.pop(0), ro.pop(0)
        changes.append(y)
        steps.append(s)
        ro.append(1.0 / curvature)
        state["H_diag"] = curvature / y.dot(y)
    q, shares = -g, []
    for y, s, r in zip(changes[::-1], steps[::-1], ro[::-1], strict=True):
        shares.append(s.dot(q) * r)
        q -= shares[-1] * y
    d: Array = q * state["H_diag"]
    for y, s, r, share in zip(changes, steps, ro, shares[::-1], strict=True):
        d += s * (share - y.dot(d) * r)
    return d


def _wrapped(state: dict[str, Any]) -> dict[str, Any]:
    """Vectors as Tensors, numbers as Python's: what `state_dict` gives."""
    turn = {key: lambda v: make(v, None) for key in _ARRAYS} | dict.fromkeys(_NUMBERS, float)
    return {key: _each(value, turn[key]) if key in turn else value for key, value in state.items()}


def _unwrapped(state: dict[str, Any]) -> dict[str, Any]:
    return {key: _each(value, lambda v: v.array if isinstance(v, Tensor) else v) for key, value in state.items()}


def _each(value: Any, f: Callable[[Any], Any]) -> Any:
    return [f(v) for v in value] if isinstance(value, list) else f(value)
