"""`Optimizer`: the parameters in their groups, the hyper-parameters checked, the state. The update rules are in its
subclasses.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Handle
from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.ops.create import zeros_like
from tinygrad_edu.optim import _checkpoint
from tinygrad_edu.optim._arrays import Array, Recorded, scalar
from tinygrad_edu.utils._checks import is_number

Group = dict[str, Any]
StepHook = Callable[["Optimizer", tuple[Any, ...], dict[str, Any]], Any]

_NOT_NEGATIVE: tuple[Callable[[Any], bool], str] = (lambda v: 0 <= v < math.inf, "a number that isn't negative")
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "lr": _NOT_NEGATIVE,  # a scheduler may begin or end at 0
    "momentum": _NOT_NEGATIVE,
    "dampening": (math.isfinite, "a finite number"),
    "weight_decay": _NOT_NEGATIVE,
    "eps": _NOT_NEGATIVE,
    "alpha": (lambda v: 0 <= v <= 1, "a number from 0 to 1"),
    "betas": (
        lambda v: len(v) == 2 and all(0 <= beta < 1 for beta in v),
        "two numbers, each from 0 up to but without 1",
    ),
    "rho": (lambda v: 0 <= v <= 1, "a number from 0 to 1"),
    "lr_decay": _NOT_NEGATIVE,
    "initial_accumulator_value": _NOT_NEGATIVE,
    "momentum_decay": _NOT_NEGATIVE,
}


class Optimizer:
    """What all optimizers have in common. A subclass defines `_update`, or `step`.

    Args:
        params: Tensors, as `model.parameters()` gives them, or dicts with some of them under "params" and settings of
            their own.
        defaults: the settings of groups that have none of their own.

    Raises ConfigError, naming the value and what is allowed, for settings out of range and for parameters that are
    missing, given twice, no Tensors, or no leaves.
    """

    _opt_called = False  # whether a step was made, which schedulers ask
    per_parameter = True  # whether what it remembers of a parameter has that parameter's shape

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "step" in vars(cls):
            cls.step = _noticed(vars(cls)["step"])  # type: ignore[method-assign]

    def __init__(self, params: Iterable[Any], defaults: Group) -> None:
        if isinstance(params, Tensor | dict) or not isinstance(params, Iterable):
            hint = " Give model.parameters()." if hasattr(params, "parameters") else ""
            raise ConfigError(
                f"{self._name}: params is a list of Tensors, or of dicts, not one {type(params).__name__}.{hint}"
            )
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._work: dict[Any, Array] = {}
        self._pre_hooks: list[StepHook] = []
        self._post_hooks: list[StepHook] = []
        given = list(params)
        if not given:
            raise ConfigError(
                f"{self._name}: the list of parameters is empty. An iterator is empty once it was used: call "
                "model.parameters() again."
            )
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def add_param_group(self, param_group: Group) -> None:
        """Take on more parameters, with settings of their own where the dict has them."""
        given: Any = param_group
        if not isinstance(given, dict) or "params" not in given:
            raise ConfigError(f'{self._name}: a group is a dict with "params" among its keys, not {param_group!r:.80}.')
        group = {**param_group, **{k: v for k, v in self.defaults.items() if k not in param_group}}
        params = group["params"]
        group["params"] = params = [params] if isinstance(params, Tensor) else list(params)
        if params and all(isinstance(p, tuple) and len(p) == 2 for p in params):  # named_parameters()
            group["param_names"] = [name for name, _ in params]
            group["params"] = params = [p for _, p in params]
        self._check_params(params, bool(group.get("differentiable")))
        self._check_settings(group)
        self.param_groups.append(group)

    def _check_params(self, params: list[Any], differentiable: bool) -> None:
        seen = {id(p) for group in self.param_groups for p in group["params"]}
        for i, p in enumerate(params):
            at = f"{self._name}: parameter {i} of group {len(self.param_groups)}"
            if not isinstance(p, Tensor):
                raise ConfigError(f"{at} is of type {type(p).__name__}, not a Tensor.")
            if differentiable and p.node is not None and p.is_leaf:
                raise ConfigError(
                    f"{at} (shape {p.shape}) is a leaf; with differentiable=True the steps become part of the graph, so give "
                    "clones of the leaves: [p.clone() for p in model.parameters()]."
                )
            if not p.is_leaf and not differentiable:
                assert p.node is not None
                raise ConfigError(
                    f"{at} (shape {p.shape}) was computed by {p.node.name}, so changing it changes nothing that is learned. "
                    "Only leaves can be optimized: tensors made with requires_grad=True, and parameters."
                )
            if p.level or p.dtype.kind == "c":
                raise ConfigError(
                    f"{at} (shape {p.shape}) is {p.transform or p.dtype}; only real tensors can be optimized."
                )
            if id(p) in seen:
                raise ConfigError(
                    f"{at} (shape {p.shape}) was given before: each parameter is updated once, so it is listed once."
                )
            seen.add(id(p))

    def _check_settings(self, group: Group) -> None:
        """Raise ConfigError for a setting out of range."""
        for key, (allowed, text) in _RULES.items():
            if key not in group:
                continue
            value = self._number(group[key]) if key == "lr" else group[key]
            numbers = value if key == "betas" and isinstance(value, tuple | list) else (value,)
            if not all(map(is_number, numbers)) or (key == "betas" and numbers is not value) or not allowed(value):
                raise ConfigError(f"{self._name}: {key} must be {text}, got {group[key]!r}.")

    def _number(self, lr: Any) -> Any:
        """A learning rate as a number; as a tensor it stays in its group, where others may write into it."""
        if not isinstance(lr, Tensor):
            return lr
        if lr.level or lr.array.size != 1 or lr.requires_grad:
            what = "needs a gradient, which steps don't give it" if lr.requires_grad else f"has shape {lr.shape}"
            raise ConfigError(f"{self._name}: lr as a tensor is one number that is given; this one {what}.")
        return lr.item()

    # -- one step --------------------------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient. With `closure`, a function that computes the loss, call that
        first and return what it gives.

        Raises ShapeError where a gradient isn't of its parameter's shape.
        """
        for hook in list(self._pre_hooks):
            hook(self, (closure,), {})
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        self._opt_called = True
        for group in self.param_groups:
            if isinstance(group.get("lr"), Tensor):
                group = {**group, "lr": self._number(group["lr"])}
            for p in group["params"]:
                grad = p.grad
                if grad is None:
                    continue
                value = p.array
                try:
                    gradient = grad.array
                    fits = gradient.shape == value.shape
                except AttributeError:
                    fits = False
                if not fits:
                    raise self._unfit(p)
                if group.get("differentiable"):
                    self._update_recorded(p, group)
                else:
                    self._update(p, value, gradient, group)
                    note_write(value)
        for hook in list(self._post_hooks):
            hook(self, (closure,), {})
        return loss

    def _update_recorded(self, p: Tensor, group: Group) -> None:
        """`_update` as part of the graph: `p` becomes the new value, and nothing is overwritten."""
        state = self.state[p]
        for key, kept in state.items():
            if isinstance(kept, Tensor):
                state[key] = Recorded(kept)
        value = Recorded(make(p.array, p.node))
        self._update(p, value, Recorded(p.grad), group)  # type: ignore[arg-type]  # stands for an array
        for key, kept in state.items():
            if isinstance(kept, Recorded):
                state[key] = kept.tensor
        p.array, p.node = value.tensor.array, value.tensor.node

    def register_step_pre_hook(self, hook: StepHook) -> Handle:
        """Call `hook(optimizer, args, kwargs)` before each step."""
        return _hooked(self._pre_hooks, hook)

    def register_step_post_hook(self, hook: StepHook) -> Handle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return _hooked(self._post_hooks, hook)

    def _update(self, p: Tensor, value: Array, grad: Array, group: Group) -> None:
        """Write the new value of one parameter into `value`, without allocating."""
        raise NotImplementedError(
            f"{self._name} needs a method _update(self, p, value, grad, group), or a step of its own"
        )

    def _unfit(self, p: Tensor) -> ShapeError:
        which = next(
            f"parameter {i} of group {g}"
            for g, group in enumerate(self.param_groups)
            for i, q in enumerate(group["params"])
            if q is p
        )
        grad: Any = p.grad
        fitting = isinstance(grad, Tensor) and not grad.level
        found = f"of shape {grad.shape}" if fitting else f"of type {type(grad).__name__}"
        return ShapeError(
            f"{self._name}.step(): the gradient of {which} is {found}; the parameter has shape {p.shape}, and its gradient "
            "must be a Tensor of that shape."
        )

    def _scratch(self, like: Array, number: int = 0) -> Array:
        """Memory to compute in, of the shape and dtype of `like`: shared by all parameters of that shape, and kept."""
        if isinstance(like, Recorded):
            return Recorded(None)  # type: ignore[return-value]  # takes whatever is written into it
        key = (like.shape, like.dtype, number)
        work = self._work.get(key)
        if work is None:
            work = self._work[key] = np.empty(like.shape, like.dtype)
        return work

    def _descent(self, value: Array, grad: Array, group: Group) -> Array:
        """The gradient of what is to be made smaller: negated to maximize, plus λθ for a weight decay that is part of
        the loss. A decoupled one shrinks the value instead.
        """
        if group["maximize"]:
            grad = np.negative(grad, out=self._scratch(value))
        if not (decay := group["weight_decay"]):
            return grad
        if group.get("decoupled_weight_decay"):
            np.multiply(value, scalar(1 - group["lr"] * decay, value.dtype), value)
        else:
            penalty = np.multiply(value, scalar(decay, value.dtype), self._scratch(value, 1))
            grad = np.add(grad, penalty, self._scratch(value))
        return grad

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or with `set_to_none=False` make them zero, in place."""
        for group in self.param_groups:
            for p in group["params"]:
                grad = p.grad
                if set_to_none or grad is None:
                    p.grad = None
                elif grad.node is None:
                    grad.array[...] = 0
                    note_write(grad.array)
                else:
                    p.grad = zeros_like(grad)

    # -- its state -------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The settings, and what the optimizer remembers of each parameter by its number: what `save` stores."""
        return _checkpoint.state_of(self)

    def load_state_dict(self, state_dict: Any) -> None:
        """Take over what `state_dict` gave, for an optimizer of the same kind over parameters of the same shapes.

        Raises CheckpointError, listing everything that doesn't match; then nothing has been changed.
        """
        _checkpoint.load(self, state_dict)

    def __repr__(self) -> str:
        lines = [f"{self._name} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])


def _noticed(step: Callable[..., Any]) -> Callable[..., Any]:
    """A subclass's own `step`, remembered like the one here."""

    @functools.wraps(step)
    def noticed(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        self._opt_called = True
        return step(self, *args, **kwargs)

    return noticed


def _hooked(hooks: list[StepHook], hook: StepHook) -> Handle:
    hooks.append(hook)
    return Handle(hooks, hook)
