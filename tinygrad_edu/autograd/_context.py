"""What a Function knows of one call of it: the context that its methods are given, and where the saved tensors are from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tinygrad_edu.engine.graph import Spec
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import UnsupportedError


def absent(method: Any) -> Any:
    """Mark a method of the base class as one that stands for none."""
    method.absent = True
    return method


def implemented(method: Callable[..., Any]) -> bool:
    """Whether a Function gave this method, rather than inheriting the mark of its absence."""
    return not hasattr(method, "absent")


class Context:
    """The `ctx` of a Function: keeps what `forward` or `setup_context` saves for the derivatives.

    Any attribute may be set on it (`ctx.scale = 2.0`). Tensors belong in `save_for_backward`: that is what makes second
    derivatives, transforms, the check for in-place writes, and freeing work for them.
    """

    # The attributes are shared between the views of a context, the saved tensors are each view's own.
    __slots__ = ("__dict__", "_saved")

    needs_input_grad: tuple[bool, ...]
    _saved: tuple[Any, ...] | None

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self.materialize_grads = True
        self.non_differentiable: tuple[Any, ...] = ()
        self._to_save: tuple[tuple[Any, ...], tuple[Any, ...]] = ((), ())
        self._saved = None

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `backward`, where `ctx.saved_tensors` gives them. They should be inputs or outputs of `forward`:
        anything else is a constant to second derivatives.
        """
        self._to_save = tensors, self._to_save[1]

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `jvp`, where `ctx.saved_tensors` gives them."""
        self._to_save = self._to_save[0], tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was saved: by `save_for_forward` in `jvp`, by `save_for_backward` in `backward`."""
        return self._to_save[0] if self._saved is None else self._saved

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """Say that these outputs have no derivative; integer ones needn't be named."""
        self.non_differentiable = outputs

    def mark_dirty(self, *inputs: Tensor) -> None:
        """Not supported: raises UnsupportedError."""
        raise UnsupportedError(
            "ctx.mark_dirty: a Function here can't write into its inputs. Return a new tensor from forward, and let the caller "
            "rebind the name."
        )

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` and `jvp` are given zeros where there is no gradient or tangent (the default), or None."""
        self.materialize_grads = bool(value)

    # -- for the engine --------------------------------------------------------------------------------------------

    def take(self) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]:
        """What was saved for reverse and forward mode, and the outputs without a derivative.

        From here on the context doesn't hold them: the node does.
        """
        taken = (*self._to_save, self.non_differentiable)
        self._to_save, self.non_differentiable = ((), ()), ()
        return taken

    def with_saved(self, saved: Sequence[Any]) -> Context:
        """The context as a rule sees it: the same attributes, and the saved tensors of the level it runs at."""
        view: Context = object.__new__(Context)
        view.__dict__ = self.__dict__
        view._saved = tuple(saved)
        return view


class VmapInfo(NamedTuple):
    """What a Function's `vmap` is told of the `vmap` around it."""

    batch_size: int
    randomness: str


class Reference(NamedTuple):
    """A saved tensor by where it comes from: an input ("x"), an output ("y"), or made on the way ("extra")."""

    kind: str
    number: int


@dataclass(frozen=True)
class Made:
    """What one run of a Function left behind at one level: its context, and what that saved."""

    ctx: Any
    backward: tuple[Reference | None, ...]
    forward: tuple[Reference | None, ...]
    constant: frozenset[int]  # the outputs without a derivative
    extras: tuple[Tensor, ...]
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    incomplete: bool = False  # the extras aren't those of this level, so its rules can't be used
    batched: tuple[bool, ...] = ()  # of a `BatchedFunctionOp`: which extras have its batch axis,
    inner: Made | None = None  # and what one example left behind

    def find(self, xs: Sequence[Any], ys: Any, extras: Sequence[Any], forward: bool = False) -> list[Any]:
        """The saved tensors, taken from the inputs, outputs and extras that a rule is given."""
        places = {"x": xs, "y": ys, "extra": extras}
        references = self.forward if forward else self.backward
        return [None if r is None else as_value(places[r.kind][r.number]) for r in references]
