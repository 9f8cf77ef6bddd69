"""Complex numbers: conjugation, the real and imaginary parts, and what is made of them.

Gradients follow PyTorch's convention: of a real loss L(z), the gradient is ∂L/∂Re z + i·∂L/∂Im z, so that a step against
it goes downhill. These ops are linear over the reals, so a transpose is meant in Re⟨a, b⟩.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import linear
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import DTypeError, LevelError, ShapeError
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.arithmetic import cast
from tinygrad_edu.ops.trigonometric import arctan2


def _samples(r: Any) -> list[Sample]:
    return [Sample((r.complex(2, 3),)), Sample((r.complex(),)), Sample((r(3),))]


conjugate: Op = linear(
    "conjugate",
    np.conjugate,
    lambda y_bar, x: conjugate(y_bar),
    math="y = Re x − i·Im x",
    text="X̄ += conj Ȳ",
    cost=lambda y, x: x.size,
    numpy=np.conjugate,
    batch=lambda size, args, flags: conjugate(*args),
    samples=_samples,
)
real: Op = linear(
    "real",
    lambda x: x.real,
    lambda y_bar, x: cast(y_bar, dtype=x.dtype),
    view=True,
    write=lambda x, v: cast(v, dtype=x.dtype) + imag(x) * 1j,
    math="y = Re x",
    text="X̄ += Ȳ as the real part",
    numpy=np.real,
    batch=lambda size, args, flags: real(*args),
    samples=_samples,
)
imag: Op = linear(
    "imag",
    lambda x: x.imag,
    # The array stands first: Python's complex times a NumPy float64 would be Python's complex.
    lambda y_bar, x: y_bar * 1j if x.dtype.kind == "c" else y_bar * 0,
    view=True,
    write=lambda x, v: real(x) + v * 1j,
    math="y = Im x",
    text="X̄ += i·Ȳ",
    numpy=np.imag,
    batch=lambda size, args, flags: imag(*args),
    samples=_samples,
)


def _from_parts(a: Any, b: Any) -> Any:
    # Not a + b·1j, which is NaN where b is infinite.
    z = np.empty(a.shape, np.result_type(a, b, np.complex64))
    z.real, z.imag = a, b
    return z


def _batch_parts(size: int, args: list[Any], flags: list[bool]) -> Any:
    return from_parts(
        *[a if flag else np.broadcast_to(a, (size, *a.shape)) for a, flag in zip(args, flags, strict=True)]
    )


from_parts: Op = linear(
    "from_parts",
    _from_parts,
    lambda y_bar, a, b: cast(real(y_bar), dtype=a.dtype),
    lambda y_bar, a, b: cast(imag(y_bar), dtype=b.dtype),
    math="y = a + i·b",
    text="Ā += Re Ȳ, B̄ += Im Ȳ",
    batch=_batch_parts,
    samples=lambda r: [Sample((r(2, 3), r(2, 3))), Sample((r(), r()))],
)
view_as_real_: Op = linear(
    "view_as_real",
    lambda z: z[..., None].view(z.real.dtype),
    lambda y_bar, z: from_parts(y_bar[..., 0], y_bar[..., 1]),
    view=True,
    write=lambda z, v: view_as_complex_(v),
    math="y = (Re x, Im x) along a new last axis",
    text="X̄ += Ȳ's pairs as complex numbers",
    batch=lambda size, args, flags: view_as_real_(*args),
    samples=lambda r: [Sample((r.complex(2, 3),)), Sample((r.complex(),))],
)


def _pairs_as_complex(x: Any) -> Any:
    try:
        return x.view(np.result_type(x, np.complex64))[..., 0]
    except ValueError:
        raise ShapeError(
            f"view_as_complex: the pairs of this tensor (shape {x.shape}, strides {x.strides}) don't lie side by side in "
            "memory; view x.clone()."
        ) from None


view_as_complex_: Op = linear(
    "view_as_complex",
    _pairs_as_complex,
    lambda y_bar, x: np.stack([real(y_bar), imag(y_bar)], axis=-1),
    view=True,
    write=lambda x, v: np.stack([real(v), imag(v)], axis=-1),
    math="y = x₀ + i·x₁, of pairs along the last axis",
    text="X̄ += (Re Ȳ, Im Ȳ)",
    batch=lambda size, args, flags: view_as_complex_(*args),
    samples=lambda r: [Sample((r(2, 3, 2),)), Sample((r(2),))],
)

# -- what users call -----------------------------------------------------------------------------------------------


def complex_from(real: Any, imag: Any) -> Any:
    """The complex numbers with these real and imaginary parts: PyTorch's `torch.complex`."""
    a: Any = as_value(real)
    b: Any = as_value(imag)
    if a.dtype.kind != "f" or b.dtype.kind != "f":
        raise DTypeError(f"complex: the parts are real floating-point numbers, got {a.dtype} and {b.dtype}.")
    if a.shape != b.shape:
        shape = np.broadcast_shapes(a.shape, b.shape)
        a, b = np.broadcast_to(a, shape), np.broadcast_to(b, shape)
    return from_parts(a, b)


def polar(abs: Any, angle: Any) -> Any:
    """The complex numbers with these absolute values and angles."""
    return complex_from(abs * np.cos(angle), abs * np.sin(angle))


def view_as_real(x: Any) -> Any:
    """Complex numbers as pairs of real ones along a new last axis, in the same memory."""
    if x.dtype.kind != "c":
        raise DTypeError(f"view_as_real: needs a complex dtype, got {x.dtype}.")
    return view_as_real_(x)


def view_as_complex(x: Any) -> Any:
    """Pairs of real numbers along the last axis as complex ones, in the same memory."""
    if x.dtype.kind != "f":
        raise DTypeError(f"view_as_complex: needs a real floating dtype, got {x.dtype}.")
    if not x.ndim or x.shape[-1] != 2:
        raise ShapeError(f"view_as_complex: the last axis holds pairs, so has length 2; got shape {x.shape}.")
    return view_as_complex_(x)


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """The angle of complex numbers, in radians or degrees; of real ones 0 or π, with a derivative of zero."""
    z = as_value(z)
    y = arctan2(imag(z), real(z)) if z.dtype.kind == "c" else arctan2(0.0, z)
    return y * (180 / math.pi) if deg else y


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """The real part of complex numbers if every imaginary part is below `tol` machine epsilons (`tol` itself if ≤ 1)."""
    a = as_value(a)
    if a.dtype.kind != "c":
        return a
    bound = np.finfo(a.dtype).eps * tol if tol > 1 else tol
    return real(a) if concretely(np.all(np.abs(imag(a)) < bound), "real_if_close", "np.real(x)") else a


def concretely(condition: Any, name: str, instead: str) -> bool:
    """The truth of a 0-d condition on which a result's dtype hangs; LevelError in words where examples may differ."""
    if isinstance(condition, Tensor) and condition.level:
        raise LevelError(
            f"{name}: whether the result is real or complex depends on values, which differ by example inside "
            f"{condition.transform}. Choose one with {instead}."
        )
    return bool(condition)
