"""Reductions that leave NaNs out: those of `reduce.py` over the elements that are numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.errors import DataError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops import reduce
from tinygrad_edu.ops._axes import many_axes
from tinygrad_edu.ops._found import concrete, is_concrete
from tinygrad_edu.ops._numpy import implements


def _numbers(x: Any, where: Any, name: str) -> Any:
    """Where `x` has numbers to take."""
    numbers = np.logical_not(np.isnan(x))
    return numbers if where is True else numbers & reduce.as_mask(x, where, name)


def _without_nans(name: str, reduction: Callable[..., Any], function: Any) -> Any:
    def without_nans(
        x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
    ) -> Any:
        return reduction(x, axis, dtype, keepdims=keepdims, initial=initial, where=_numbers(x, where, name))

    without_nans.__name__, without_nans.__doc__ = name, f"The {name[3:]} over `axis` of the elements that aren't NaN."
    return implements(function)(without_nans)


nansum = _without_nans("nansum", reduce.sum, np.nansum)
nanprod = _without_nans("nanprod", reduce.prod, np.nanprod)


@implements(np.nanmax)
def nanmax(x: Any, axis: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = True) -> Any:
    """The largest number over `axis`; NaN where there is none."""
    return _extreme("max", reduce.max, x, axis, keepdims, initial, where)


@implements(np.nanmin)
def nanmin(x: Any, axis: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = True) -> Any:
    """The smallest number over `axis`; NaN where there is none."""
    return _extreme("min", reduce.min, x, axis, keepdims, initial, where)


def _extreme(name: str, reduction: Any, x: Any, axis: Any, keepdims: bool, initial: Any, where: Any) -> Any:
    reduce.refuse_complex(x, f"nan{name}")
    if x.dtype.kind != "f":
        return reduction(x, axis, keepdims=keepdims, initial=initial, where=where)
    if where is not True and initial is None:
        reduction(x, axis, where=where)  # which says what is missing
    numbers = _numbers(x, where, f"nan{name}")
    y = reduction(
        reduce.masked(x, numbers, reduce.outermost(x.dtype, name), name), axis, keepdims=keepdims, initial=initial
    )
    return y if initial is not None else e.where(reduce.any(numbers, axis, keepdims=keepdims), y, np.nan)


@implements(np.nanmean)
def nanmean(x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False, where: Any = True) -> Any:
    """The mean over `axis` of the numbers; NaN where there are none."""
    return np.mean(x, axis, dtype, keepdims=keepdims, where=_numbers(x, where, "nanmean"))


@implements(np.nanvar)
def nanvar(x: Any, axis: Any = None, dtype: Any = None, *, where: Any = True, **keywords: Any) -> Any:
    """The variance over `axis` of the numbers; keywords as `np.var`. NaN where there are too few."""
    numbers = _numbers(x, where, "nanvar")
    return _of_enough(np.var(x, axis, dtype, where=numbers, **keywords), x, axis, numbers, **keywords)


@implements(np.nanstd)
def nanstd(x: Any, axis: Any = None, dtype: Any = None, *, where: Any = True, **keywords: Any) -> Any:
    """The standard deviation over `axis` of the numbers; keywords as `np.std`. NaN where there are too few."""
    numbers = _numbers(x, where, "nanstd")
    return _of_enough(np.std(x, axis, dtype, where=numbers, **keywords), x, axis, numbers, **keywords)


def _of_enough(y: Any, x: Any, axis: Any, numbers: Any, *, keepdims: bool = False, **keywords: Any) -> Any:
    n = reduce.count(x, many_axes(axis, x.ndim, "nanvar"), numbers, "nanvar", keepdims=keepdims)
    return e.where(n > (keywords.get("correction") or keywords.get("ddof") or 0), y, np.nan)


@implements(np.nanargmax, derivative="none")
def nanargmax(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The index of the largest number over `axis`; DataError where there is none."""
    return _arg("max", reduce.argmax, x, axis, keepdims)


@implements(np.nanargmin, derivative="none")
def nanargmin(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The index of the smallest number over `axis`; DataError where there is none."""
    return _arg("min", reduce.argmin, x, axis, keepdims)


def _arg(name: str, arg: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    reduce.refuse_complex(x, f"nanarg{name}")
    if x.dtype.kind != "f":
        return arg(x, axis, keepdims=keepdims)
    missing = np.isnan(x)
    if is_concrete(x) and concrete(reduce.any(reduce.all(missing, axis)), name).item():
        raise DataError(
            f"nanarg{name}: a slice along axis {axis} holds nothing but NaNs, so there is no {name} to find."
        )
    return arg(e.where(missing, reduce.outermost(x.dtype, name), x), axis, keepdims=keepdims)
