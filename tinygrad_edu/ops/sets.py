"""Sets: the distinct elements of tensors, in order, and what two of them have in common.

The values are taken from the tensors by index, so they have derivatives; which they are depends on values, so they can't
be had inside `vmap`. `isin`, whose shape is known, can.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._found import concrete
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.order import argsort_
from tinygrad_edu.ops.search import searchsorted_


class UniqueAll(NamedTuple):
    """What `unique_all` returns."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCounts(NamedTuple):
    """What `unique_counts` returns."""

    values: Any
    counts: Any


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns."""

    values: Any
    inverse_indices: Any


def _flat(x: Any) -> Any:
    return np.reshape(as_value(x), (-1,))


@implements(np.unique, note="a repeated value has the derivative of its first occurrence")
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """The distinct elements in order (or slices along `axis`), each from its first occurrence; and on request where that
    is, which of them each element equals, and how often each occurs.
    """
    ar = as_value(ar)
    axis = axis if axis is None else one_axis(axis, ar.ndim, "unique")
    _, index, inverse, counts = np.unique(
        concrete(ar, "unique"), True, True, True, axis=axis, equal_nan=equal_nan, sorted=sorted
    )
    values = _flat(ar)[index] if axis is None else ar[(*(slice(None),) * axis, index)]
    asked = ((return_index, index), (return_inverse, inverse), (return_counts, counts))
    more = [as_value(part) for wanted, part in asked if wanted]
    return (values, *more) if more else values


@implements(np.unique_all)
def unique_all(x: Any) -> UniqueAll:
    """The distinct elements, where each was first, which of them each element equals, and how often each occurs."""
    return UniqueAll(*unique(x, True, True, True, equal_nan=False))


@implements(np.unique_counts)
def unique_counts(x: Any) -> UniqueCounts:
    """The distinct elements and how often each occurs."""
    return UniqueCounts(*unique(x, return_counts=True, equal_nan=False))


@implements(np.unique_inverse)
def unique_inverse(x: Any) -> UniqueInverse:
    """The distinct elements, and which of them each element equals."""
    return UniqueInverse(*unique(x, return_inverse=True, equal_nan=False))


@implements(np.unique_values)
def unique_values(x: Any) -> Any:
    """The distinct elements, in order."""
    return unique(x, equal_nan=False)


@implements(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    """The distinct elements of both, in order."""
    return unique(np.concatenate([_flat(ar1), _flat(ar2)]))


@implements(np.intersect1d, note="the values are those of the first argument, and so is the derivative")
def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """The distinct elements that are in both, in order; on request where each is in the one and in the other."""
    ar1, ar2 = _flat(ar1), _flat(ar2)
    _, first, second = np.intersect1d(
        concrete(ar1, "intersect1d"), concrete(ar2, "intersect1d"), assume_unique, return_indices=True
    )
    return (ar1[first], as_value(first), as_value(second)) if return_indices else ar1[first]


@implements(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """The distinct elements of the first that aren't in the second, in order (of `ar1` itself with `assume_unique`)."""
    ar1 = _flat(ar1) if assume_unique else unique(ar1)
    missing = np.isin(concrete(ar1, "setdiff1d"), concrete(ar2, "setdiff1d"), assume_unique=True, invert=True)
    return ar1[np.flatnonzero(missing)]


@implements(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """The distinct elements that are in one of the two alone, in order."""
    both = np.concatenate([_flat(ar1) if assume_unique else unique(ar1), _flat(ar2) if assume_unique else unique(ar2)])
    _, index, counts = np.unique(concrete(both, "setxor1d"), return_index=True, return_counts=True)
    return both[index[counts == 1]]


@implements(np.isin, derivative="none")
def isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *, kind: str | None = None
) -> Any:
    """Which elements are among `test_elements`. The keywords `assume_unique` and `kind` only choose among NumPy's methods."""
    element, row = as_value(element), _flat(test_elements)
    if not row.shape[0]:
        return as_value(np.full(element.shape, invert))
    row = row[argsort_(row, axis=0, descending=False)]
    place = np.minimum(searchsorted_(row, element, side="left"), row.shape[0] - 1)
    return element != row[place] if invert else element == row[place]
