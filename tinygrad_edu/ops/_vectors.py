"""What the derivatives of eigenvectors and singular vectors may not depend on.

Such vectors are determined up to a factor of modulus 1, and where values repeat only up to a basis of their common space.
A derivative that depends on such a choice doesn't exist: the rules raise where one is asked for, and are right for what
doesn't depend on it (docs/kinks.md). The check is an op, so it sees concrete values under every transform.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.families import align, linear
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.errors import LinAlgError
from tinygrad_edu.ops._matrices import adjoint, skew


def _must_vanish(x: Any, mask: Any, *, why: str) -> Any:
    left = np.abs(np.where(mask, x, 0))
    scale = np.max(np.abs(x), axis=(-2, -1), keepdims=True, initial=0)
    if np.any(left > np.sqrt(np.finfo(left.dtype).eps) * scale):
        raise LinAlgError(why)
    return np.where(mask, 0, x)


must_vanish: Op = linear(
    "must_vanish",
    _must_vanish,
    lambda y_bar, x, mask, *, why: np.where(mask, 0, y_bar),
    math="Y = X without the masked elements; an error if they aren't zero",
    text="X̄ += Ȳ without the masked elements",
    reads=[1],
    batch=lambda size, args, flags, *, why: must_vanish(*align(args, flags), why=why),
    samples=lambda r: [Sample((r(2, 3, 3), np.zeros((2, 3, 3), bool)), {"why": ""})],
)


def repeated(name: str, values: str, vectors: str, instead: str) -> str:
    """The message for a derivative of vectors whose values repeat."""
    return (
        f"{name}: {values} repeat (to rounding), so their {vectors} can be any basis of a common space, and have no "
        f"derivative there. {instead}"
    )


def over_gaps(k: Any, values: Any, diagonal: Any, why: str) -> Any:
    """K[i, j] / (values[j] − values[i]) off the diagonal, and `diagonal` (…, n) on it, None for zeros.

    Where two values are equal, to rounding, the term is dropped, which is right only if it would be zero over zero: both
    it and the diagonal there must vanish, else an error says why. That a diagonal could tell the vectors of one value
    apart is enough, as in V f(λ) Vᴴ at f(λ) = 0 ≠ f′(λ).
    """
    n = values.shape[-1]
    eye = np.eye(n, dtype=bool)
    gap = values[..., None, :] - values[..., :, None]
    least = np.max(np.abs(values), axis=-1, keepdims=True)[..., None] * (n * float(np.finfo(values.dtype).eps))
    same = np.logical_and(np.abs(gap) <= least, np.logical_not(eye))
    mask = same
    if diagonal is not None:
        k = np.where(eye, diagonal[..., None, :], k)
        mask = np.logical_or(same, np.logical_and(eye, np.any(same, axis=-1, keepdims=True)))
    else:
        k = np.where(eye, 0, k)
    return must_vanish(k, mask, why=why) / np.where(np.logical_or(same, eye), 1, gap)


def check_phase(turn: Any, name: str, vectors: str, *bars: Any) -> None:
    """Raise unless `turn` (…, n), the imaginary part of vᴴ v̄ for each complex vector, vanishes: else turning its phase, which is
    arbitrary, would change the loss.
    """
    if turn.dtype.kind == "c":
        must_be_nothing(
            np.imag(turn)[..., None, :],
            *bars,
            why=f"{name}: the result depends on the phase of the {vectors}, which is arbitrary: a complex vector times any number "
            "of modulus 1 is as good. Use what doesn't depend on it, e.g. abs(v) or v vᴴ.",
        )


def must_be_nothing(x: Any, *beside: Any, why: str) -> None:
    """Raise unless `x` (…, r, n) is zero, to rounding, beside the size of the others (…, m, n)."""
    rows = np.concatenate([x, *map(np.abs, beside)], axis=-2)
    must_vanish(rows, np.arange(rows.shape[-2])[:, None] < x.shape[-2], why=why)


# -- the columns that complete a basis -----------------------------------------------------------------------------


def with_complement(first_dot: Any, full: Any) -> Any:
    """The tangent of a unitary matrix from that of its first columns: the others turn as little as they can."""
    n = first_dot.shape[-1]
    if full.shape[-1] == n:
        return first_dot
    first, rest = full[..., :n], full[..., n:]
    return np.concatenate([first_dot, -first @ (adjoint(first_dot) @ rest)], axis=-1)


def without_complement(full_bar: Any, full: Any, n: int, why: str) -> Any:
    """The transpose of `with_complement`: what the cotangent of the whole says about the first `n` columns."""
    if full_bar is None or full.shape[-1] == n:
        return full_bar
    first, rest, rest_bar = full[..., :n], full[..., n:], full_bar[..., n:]
    must_be_nothing(skew(adjoint(rest) @ rest_bar), rest_bar, why=why)
    return full_bar[..., :n] - rest @ (adjoint(rest_bar) @ first)


def completing(name: str, vectors: str) -> str:
    """The message for a derivative of the vectors that complete a basis."""
    return (
        f"{name}: the result depends on the {vectors}, which can be any basis of the space that the others leave, and so have no "
        "derivative. Use the first min(m, n) of them only, or what doesn't depend on the basis."
    )
