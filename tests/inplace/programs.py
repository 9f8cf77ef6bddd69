"""Random programs of views, in-place writes, reads and `no_grad` blocks, run step by step on PyTorch and here.

A program is a list of steps; a step makes a new register or writes into one. Steps are drawn while PyTorch runs them, so
that shapes fit. What one library refuses the other must refuse too, at the same step, with nothing changed by it; at the
end every value, flag and gradient must agree. A failure prints the program as source that runs on either library.
"""

from __future__ import annotations

import contextlib
import random
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SHAPES = [(2, 3), (3,), (3, 2), (2, 2), (4,), (), (2, 1, 3)]
UNARY = ["sin", "cos", "tanh", "sigmoid", "exp", "square", "abs", "neg", "relu", "sqrt", "reciprocal", "log", "clone"]
IN_PLACE = [
    "sin_",
    "cos_",
    "tanh_",
    "sigmoid_",
    "exp_",
    "square_",
    "abs_",
    "neg_",
    "relu_",
    "sqrt_",
    "reciprocal_",
    "log_",
]
IN_PLACE += ["zero_"]
BINARY = ["+", "-", "*", "/"]
BINARY_IN_PLACE = ["add_", "sub_", "mul_", "div_", "copy_"]
AUGMENTED = ["+=", "-=", "*=", "/="]
POSITIVE = {"sqrt", "sqrt_", "log", "log_", "reciprocal", "reciprocal_"}


@dataclass
class Step:
    """`code` is a statement over the registers `r[0], r[1], …`; `{T}` stands for the library."""

    code: str
    makes: bool
    no_grad: bool = False

    def __str__(self) -> str:
        return f"with no_grad(): {self.code}" if self.no_grad else self.code


@dataclass
class Machine:
    """One library running a program."""

    library: Any
    r: list = field(default_factory=list)

    def run(self, step: Step) -> str | None:
        """The type of the error that the step raised, if any. A step that makes a register always makes one."""
        scope = {"r": self.r, "T": self.library, "np": np}
        count = len(self.r)
        try:
            with self.library.no_grad() if step.no_grad else contextlib.nullcontext():
                exec(step.code, scope)
        except Exception as error:
            del self.r[count:]
            if step.makes:
                self.r.append(None)
            return f"{type(error).__name__}: {error}"
        return None


def start(rng: random.Random) -> list[Step]:
    """Leaves, some of which require a gradient, and buffers."""
    steps = []
    for _ in range(rng.randint(2, 4)):
        shape = rng.choice(SHAPES)
        values = [round(rng.uniform(0.3, 1.7), 2) for _ in range(int(np.prod(shape)))]
        made = f"T.tensor({values}, dtype=T.float64).reshape({shape}).clone()"
        if rng.random() < 0.6:
            made += ".requires_grad_()"
        steps.append(Step(f"r.append({made})", True))
    return steps


def draw(rng: random.Random, r: list, ours: list) -> Step | None:
    """A step that fits the registers as they are; None where this draw came to nothing."""
    alive = [i for i, x in enumerate(r) if x is not None]
    i = rng.choice(alive)
    x = r[i]
    no_grad = rng.random() < 0.06
    if 0 in x.shape:
        return None
    kind = rng.choices(["unary", "binary", "view", "copy", "write", "item"], [2, 2, 4, 1, 4, 3])[0]
    fits = [j for j in alive if _broadcasts(r[j].shape, x.shape)]
    if kind == "unary":
        name = rng.choice(UNARY)
        source = f"(r[{i}].abs() + 0.5)" if name in POSITIVE else f"r[{i}]"
        return Step(f"r.append({source}.{name}())", True, no_grad)
    if kind == "binary":
        j = rng.choice(fits)
        op = rng.choice(BINARY)
        right = f"(r[{j}].abs() + 0.5)" if op == "/" else f"r[{j}]"
        return Step(f"r.append(r[{i}] {op} {right})", True, no_grad)
    if kind == "view":
        # Not under no_grad: PyTorch then calls the view a leaf that requires a gradient, which it isn't here.
        view = _view(rng, tuple(x.shape))
        # Of a tensor with another order in memory, whether these copy depends on the order that each library chose.
        if any(name in view for name in ("reshape", "flatten", "view")) and not (
            x.is_contiguous() and ours[i].array.flags.c_contiguous
        ):
            return None
        return Step(f"r.append(r[{i}]{view})", True)
    if kind == "copy":
        if not x.shape:
            return None
        n = x.shape[0]
        made = rng.choice([f"[[{rng.randrange(n)}, {rng.randrange(n)}]]", f"[r[{i}] > 0.7]", ".detach()"])
        return Step(f"r.append(r[{i}]{made})", True, no_grad)
    # What looks into the memory that is being written gives PyTorch's kernels results that depend on their order.
    apart = [k for k in alive if r[k].untyped_storage().data_ptr() != x.untyped_storage().data_ptr()]
    if getattr(x, "apart", ""):
        return None  # see `_marked`
    j = rng.choice([i, *(k for k in fits if k in apart)])
    constant = round(rng.uniform(-1.5, 1.5), 2)
    other = f"r[{j}]" if rng.random() < 0.6 else str(constant)
    if kind == "write":
        form = rng.choice(["unary", "binary", "augmented", "mask"])
        if form == "unary":
            name = rng.choice(IN_PLACE)
            before = f"r[{i}].abs_().add_(0.5)" if name in POSITIVE else f"r[{i}]"
            return Step(f"{before}.{name}()", False, no_grad)
        if form == "mask":
            return Step(f"r[{i}].masked_fill_(r[{i}] > 0.8, {constant})", False, no_grad)
        if form == "binary":
            name = rng.choice(BINARY_IN_PLACE)
            other = f"r[{j}]" if name == "copy_" else other
            return Step(f"r[{i}].{name}({_away(other) if name == 'div_' else other})", False, no_grad)
        name = rng.choice(AUGMENTED)
        return Step(f"r[{i}] {name} {_away(other) if name == '/=' else other}", False, no_grad)
    return _item(rng, i, x, r, apart, constant, no_grad)


def _item(rng: random.Random, i: int, x: Any, r: list, apart: list[int], constant: float, no_grad: bool) -> Step | None:
    if not x.shape:
        return None
    if rng.random() < 0.25:
        n = x.shape[0]
        key = rng.choice([f"[{rng.randrange(n)}, {rng.randrange(n)}]", f"r[{i}] > 0.8"])
        value = str(constant)
        if key.startswith("["):
            rows = [j for j in apart if _broadcasts(r[j].shape, x.shape[1:])]
            value = f"r[{rng.choice(rows)}]" if rows and rng.random() < 0.5 else value
            if key == f"[{key[1]}, {key[1]}]":
                return None  # of two values for one element, PyTorch doesn't say which stays
    else:
        key = _basic(rng, tuple(x.shape))
        region = tuple(np.empty(x.shape)[eval(f"np.s_[{key}]")].shape)
        parts = [j for j in apart if _broadcasts(r[j].shape, region)]
        value = f"r[{rng.choice(parts)}]" if parts and rng.random() < 0.65 else str(constant)
    op = rng.choice(["=", "=", "+=", "*="])
    if value.startswith("r") and r[int(value[2:-1])].requires_grad and not x.requires_grad:
        op = "="  # PyTorch takes a view for a leaf that requires a gradient if nobody asked since its base came to require one
    return Step(f"r[{i}][{key}] {op} {value}", False, no_grad)


def _away(other: str) -> str:
    return f"({other}.abs() + 0.5)" if other.startswith("r") else "1.7"


def _broadcasts(shape: Any, to: Any) -> bool:
    try:
        return np.broadcast_shapes(tuple(shape), tuple(to)) == tuple(to)
    except ValueError:
        return False


def _basic(rng: random.Random, shape: tuple[int, ...]) -> str:
    parts = []
    for n in shape[: rng.randint(1, len(shape))]:
        first = rng.randrange(n)
        parts.append(rng.choice([str(first), f"{first}:", ":", f"-{n - first}", f"{first}:{n}:2"]))
    return ", ".join(parts)


def _view(rng: random.Random, shape: tuple[int, ...]) -> str:
    size, ndim = int(np.prod(shape)), len(shape)
    views = [".unsqueeze(0)", f".reshape({(size,)})", f".expand({(2, *shape)})", f".expand({shape})", ".squeeze()"]
    if ndim:
        d = rng.randrange(ndim)
        views += [f"[{_basic(rng, shape)}]"] * 3 + [".T" if ndim == 2 else ".mT" if ndim > 2 else "[None]"]
        views += [
            f".transpose(0, {d})",
            f".unbind({d})[{rng.randrange(shape[d])}]",
            f".split(1, {d})[0]",
            f".chunk(2, {d})[-1]",
        ]
        views += [
            f".narrow({d}, 0, 1)",
            f".select({d}, {rng.randrange(shape[d])})",
            "[..., 0]",
            ".view(-1)",
            ".flatten()",
        ]
    if ndim == 2:
        views += [".diagonal()", ".t()"]
    return rng.choice(views)


# -- running and comparing -----------------------------------------------------------------------------------------------


def source(steps: list[Step]) -> str:
    return "\n".join(["r = []", *map(str, steps)])


def loss(r: list, library: Any) -> Any:
    total = 0.0
    for k, x in enumerate(r):
        if x is not None and x.requires_grad:
            total = total + (x * (0.3 + 0.1 * k)).sum()
    return total


OUTDATED = ("multiple views", "no_grad mode", "view that")


def compare(seed: int, reference: Any, ours: Any, length: int = 12) -> dict[str, int]:
    """Run the program of this seed on both; AssertionError where they differ. Returns what it exercised."""
    rng = random.Random(seed)
    left, right = Machine(reference), Machine(ours)
    steps: list[Step] = []
    counts = {"steps": 0, "refused": 0, "refused backward": 0, "gradients": 0}
    pending = start(rng)
    while len(steps) < length + 4:
        step = pending.pop(0) if pending else draw(rng, left.r, right.r)
        if step is None:
            continue
        steps.append(step)
        wrong, found = left.run(step), right.run(step)
        counts["steps"] += 1
        if wrong and not found and any(mark in wrong for mark in OUTDATED):
            # PyTorch refuses an outdated view where it is used, this library where a sweep meets it.
            if any(x is not None and x.requires_grad for x in right.r):
                found = _swept(right)
            assert found, f"only PyTorch refuses: {wrong}\n{source(steps)}"
            counts["refused"] += 1
            return counts
        assert bool(wrong) == bool(found), f"PyTorch: {wrong}\nhere: {found}\nat the last step of\n{source(steps)}"
        if wrong:
            counts["refused"] += 1
            continue
        _same_state(left.r, right.r, steps)
        _mark(step, left.r)
    if not any(x is not None and x.requires_grad for x in right.r):
        return counts
    wrong, found = _swept(left), _swept(right)
    assert bool(wrong) == bool(found), f"backward: PyTorch: {wrong}\nhere: {found}\n{source(steps)}"
    if wrong:
        counts["refused backward"] += 1
        return counts
    for k, (a, b) in enumerate(zip(left.r, right.r, strict=True)):
        if a is not None and a.is_leaf and a.requires_grad:
            counts["gradients"] += 1
            got = np.zeros(b.shape) if b.grad is None else b.grad.numpy()
            want = np.zeros(tuple(a.shape)) if a.grad is None else a.grad.numpy()
            scale = max(1.0, float(np.abs(want).max(initial=0)))
            assert np.allclose(got, want, rtol=1e-9, atol=1e-9 * scale, equal_nan=True), (
                f"gradient of r[{k}]: PyTorch {want.tolist()}, here {got.tolist()}\n{source(steps)}"
            )
    return counts


def _mark(step: Step, r: list) -> None:
    """Mark what isn't to be written to, because there the libraries differ (docs/differences.md).

    PyTorch lets a part of an expanded tensor be written to, which is refused here; and after a write through a
    `.detach()` it refuses the pieces of `unbind` and `split`, whose gradients are right here.
    """
    parent = re.match(r"r.append\(r\[(\d+)\](.*)\)$", step.code)
    if step.makes and parent:
        marked = getattr(r[int(parent[1])], "apart", "")
        if parent[2].startswith(".expand((2,") or parent[2] == ".detach()" or marked:
            r[-1].apart = True


def _swept(machine: Machine) -> str | None:
    try:
        loss(machine.r, machine.library).backward()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def _same_state(left: list, right: list, steps: list[Step]) -> None:
    for k, (a, b) in enumerate(zip(left, right, strict=True)):
        if a is None or b is None:
            assert a is None and b is None
            continue
        try:
            want, flags = a.detach().numpy(), (a.requires_grad, a.is_leaf)
        except RuntimeError as error:
            if not any(mark in str(error) for mark in OUTDATED):
                raise
            continue  # an outdated view: PyTorch refuses to so much as tell its flags
        got = b.detach().numpy()
        assert want.shape == got.shape, f"r[{k}] has shape {got.shape}, in PyTorch {want.shape}\n{source(steps)}"
        assert np.allclose(got, want, rtol=1e-10, atol=1e-12, equal_nan=True), (
            f"r[{k}] is {got.tolist()}, in PyTorch {want.tolist()}\n{source(steps)}"
        )
        found = b.requires_grad, b.is_leaf
        assert found == flags, f"r[{k}]: (requires_grad, is_leaf) {found}, in PyTorch {flags}\n{source(steps)}"
