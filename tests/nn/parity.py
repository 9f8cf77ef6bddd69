"""What a module or function of ours and PyTorch's own must have in common: print, first values, results, gradients, fifty
steps of training, what it gives afterwards, and its state, which goes both ways.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tests.nn.rows import Row

TOLERANCE = {"float64": 1e-9, "float32": 1e-5}
STEPS = 50


def leaves(nested: Any) -> list[Any]:
    """The tensors in a nest of tuples, None left out."""
    if nested is None:
        return []
    return [leaf for part in nested for leaf in leaves(part)] if isinstance(nested, tuple | list) else [nested]


def agree(ours: Any, theirs: Any, tolerance: float, what: str = "", scale: float = 0.0) -> None:
    """Tensors by name or in order: dtypes, shapes, and values, each to `tolerance` of the largest among them all (or of
    `scale`, for what began larger).
    """
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        ours, theirs = list(ours.values()), list(theirs.values())
    pairs = [
        (np.asarray(a.detach().numpy()), np.asarray(b.detach().numpy())) for a, b in zip(ours, theirs, strict=True)
    ]
    finite = [np.abs(b[np.isfinite(b)]).max(initial=0) for _, b in pairs if b.dtype.kind in "fc"]
    scale = max([*finite, scale])
    for i, (a, b) in enumerate(pairs):
        assert (a.dtype, a.shape) == (b.dtype, b.shape), (what, i)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale, err_msg=f"{what} {i}")


def to_torch(state: dict[str, Any]) -> dict[str, Any]:
    import torch

    return {name: torch.tensor(value.numpy()) for name, value in state.items()}


def to_ours(state: dict[str, Any]) -> dict[str, Any]:
    return {name: value.numpy() for name, value in state.items()}


class _Run:
    """One row in one library, in one precision."""

    def __init__(self, lib: Any, row: Row, dtype: str) -> None:
        self.lib, self.row, self.dtype = lib, row, getattr(lib, dtype)
        lib.manual_seed(11)
        self.module = row.make(lib.nn)
        self.print = repr(self.module)
        self.given = [lib.tensor(a.astype(dtype) if a.dtype.kind == "f" else a) for a in row.inputs]
        self.learned = [
            a.requires_grad_()
            for i, (a, value) in enumerate(zip(self.given, row.inputs, strict=True))
            if value.dtype.kind == "f" and i not in row.fixed
        ]
        self.parameters: list[Any] = []

    def take_shapes(self) -> None:
        """Let lazy modules see an input, in the precision they were made in, before anything is counted or learned."""
        if any("Lazy" in type(m).__name__ for m in self.module.modules()):
            self.module.eval()
            self.row.call(self.lib, self.module, [a.detach().to(self.lib.float32) for a in self.given])
            self.module.train()

    def begin(self) -> list[Any]:
        """The first forward call, and its outputs."""
        self.lib.manual_seed(12)
        self.module.to(self.dtype)
        outputs = self.outputs()
        self.parameters = list(self.module.parameters())
        self.scale = max(np.abs(y.detach().numpy()).max(initial=0) for y in outputs)
        values = np.random.default_rng(0)
        self.goals = [
            self.lib.tensor(values.normal(size=tuple(y.shape)).astype(y.detach().numpy().dtype)) for y in outputs
        ]
        return outputs

    def outputs(self) -> list[Any]:
        found = leaves(self.row.call(self.lib, self.module, self.given))
        return [y for y in found if y.dtype == self.dtype]

    def loss(self, outputs: list[Any]) -> Any:
        if self.row.loss:
            return sum(y.sum() for y in outputs)
        return sum(((y - goal) ** 2).mean() for y, goal in zip(outputs, self.goals, strict=True))

    def gradients(self) -> list[Any]:
        return [p.grad for p in [*self.learned, *self.parameters]]

    def train(self) -> list[float]:
        learned = [*self.learned, *self.parameters]
        if not learned:
            return []
        optimizer = self.lib.optim.SGD(learned, lr=self.row.lr, momentum=0.9)
        losses = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = self.loss(self.outputs())
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses


def compare(row: Row, dtype: str) -> None:
    """Hold one row to PyTorch in one precision."""
    import torch

    tolerance = dict(row.looser).get(dtype, TOLERANCE[dtype])
    ours, theirs = _Run(tg, row, dtype), _Run(torch, row, dtype)
    assert ours.print == theirs.print.replace("[torch.float32 of", "[float32 of")  # a ParameterList's
    _same_first_values(ours, theirs)
    outputs = [run.begin() for run in (ours, theirs)]
    agree(*outputs, tolerance, "output")
    if ours.learned or ours.parameters:
        for run, given in zip((ours, theirs), outputs, strict=True):
            run.loss(given).backward()
        pairs = [*zip(ours.gradients(), theirs.gradients(), strict=True)]
        for a, b in pairs:
            assert (a is None or not a.numpy().any()) if b is None else a is not None
        kept = [(a, b) for a, b in pairs if b is not None]
        assert kept or not row.learns, "nothing has a gradient"
        agree([a for a, _ in kept], [b for _, b in kept], tolerance, "gradient")
        losses = [np.array(run.train()) for run in (ours, theirs)]
        assert (np.ptp(losses[1]) > 0) == row.learns, "nothing was learned"
        np.testing.assert_allclose(*losses, rtol=tolerance, atol=tolerance * np.abs(losses[1]).max())
        agree(ours.learned, theirs.learned, tolerance, "learned input")
    agree(ours.module.state_dict(), theirs.module.state_dict(), tolerance, "state")
    for run in (ours, theirs):
        run.module.eval()
    agree(ours.outputs(), theirs.outputs(), tolerance, "output in evaluation", ours.scale)
    _states_go_both_ways(row, dtype, ours, theirs)


def _same_first_values(ours: _Run, theirs: _Run) -> None:
    """Drawn from one seed they are one; and the state of theirs is taken, so that training begins from the same bits."""
    ours.take_shapes(), theirs.take_shapes()
    mine, other = ours.module.state_dict(), theirs.module.state_dict()
    assert list(mine) == list(other)
    for name, value in mine.items():
        want = other[name].numpy()
        assert (value.dtype, value.shape) == (want.dtype, want.shape), name
        if ours.row.nearly:
            np.testing.assert_allclose(value.numpy(), want, atol=3e-7, err_msg=name)
        else:
            np.testing.assert_array_equal(value.numpy(), want, err_msg=name)
    assert not any(ours.module.load_state_dict(to_ours(other)))


def _states_go_both_ways(row: Row, dtype: str, ours: _Run, theirs: _Run) -> None:
    """What one library learned, the other takes, strictly, into a new module, which then gives the same."""
    import torch

    for learned, lib, turn in ((ours, torch, to_torch), (theirs, tg, to_ours)):
        other = _Run(lib, row, dtype)
        if lib is torch:  # whose lazy instance norms don't take their size from a state
            other.take_shapes()
        other.module.to(other.dtype)
        other.module.load_state_dict(turn(learned.module.state_dict()))
        for name, value in other.module.state_dict().items():
            np.testing.assert_array_equal(value.numpy(), learned.module.state_dict()[name].numpy(), err_msg=name)
        other.module.eval()
        with lib.no_grad():
            for a, b in zip(other.learned, learned.learned, strict=True):
                a.copy_(lib.tensor(b.detach().numpy()))
        outputs = other.outputs(), learned.outputs()
        agree(*(outputs if lib is tg else outputs[::-1]), TOLERANCE[dtype], f"output of {lib.__name__}", learned.scale)


# -- functions -----------------------------------------------------------------------------------------------------


def compare_function(
    dtype: str, name: str, inputs: tuple[Any, ...], options: dict[str, Any], fixed: tuple[int, ...] = ()
) -> None:
    """A function of both `nn.functional`s under every reduction it has, with the gradients of its floating inputs."""
    import torch

    ours, theirs = (getattr(lib.nn.functional, name) for lib in (tg, torch))
    reduces = "reduction" in inspect.signature(ours).parameters and "reduction" not in options
    for reduction in ("mean", "sum", "none", *["batchmean"] * (name == "kl_div")) if reduces else (None,):
        extra = {"reduction": reduction} if reduction else {}
        found = []
        for lib, function in ((tg, ours), (torch, theirs)):
            lib.manual_seed(5)
            turn = _turned(lib, dtype)
            given = [turn(a) for a in inputs]
            for i, (a, value) in enumerate(zip(given, inputs, strict=True)):
                if isinstance(value, np.ndarray) and value.dtype.kind == "f" and i not in fixed:
                    a.requires_grad_()
            taken = [given[0].clone(), *given[1:]] if name.endswith("_") else given  # no leaf is written into
            results = leaves(function(*taken, **{k: turn(v) for k, v in options.items()}, **extra))
            floating = [y for y in results if y.requires_grad]
            bars = np.random.default_rng(1)
            goals = [lib.tensor(bars.normal(size=tuple(y.shape)).astype(dtype)) for y in floating]
            if floating:
                sum((y * goal).sum() for y, goal in zip(floating, goals, strict=True)).backward()
            found.append((results, [a.grad for a in given if isinstance(a, lib.Tensor) and a.requires_grad]))
        (values, grads), (want, want_grads) = found
        agree(values, want, TOLERANCE[dtype], f"{name} {reduction}")
        pairs = [(a, b) for a, b in zip(grads, want_grads, strict=True) if b is not None]
        agree(*zip(*pairs, strict=True), TOLERANCE[dtype], f"gradient {reduction}") if pairs else None


def _turned(lib: Any, dtype: str) -> Callable[[Any], Any]:
    def turn(value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        return lib.tensor(value.astype(dtype) if value.dtype.kind == "f" else value)

    return turn
