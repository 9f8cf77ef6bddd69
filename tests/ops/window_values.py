"""Convolutions and pools written out element by element: what `test_registry.py` holds the ops over windows to."""

import itertools

import numpy as np


def met(p, k, stride, lead, dilation):
    """The element that place `k` of window `p` meets."""
    return tuple(i * s + j * d - lo for i, j, s, lo, d in zip(p, k, stride, lead, dilation, strict=True))


def _pairs(size, out, kernel, stride, lead, dilation):
    """Each window and place with the element of the grid that they meet."""
    for p in itertools.product(*map(range, out)):
        for number, k in enumerate(itertools.product(*map(range, kernel))):
            q = met(p, k, stride, lead, dilation)
            if all(0 <= i < n for i, n in zip(q, size, strict=True)):
                yield p, number, k, q


def _trilinear(x, w, y, groups, geometry, what):
    size, out, kernel = x.shape[2:], y.shape[2:], w.shape[2:]
    each, outs = x.shape[1] // groups, y.shape[1] // groups
    for p, _, k, q in _pairs(size, out, kernel, **geometry):
        for g in range(groups):
            xs = x[(slice(None), slice(g * each, (g + 1) * each), *q)]
            ws = w[(slice(g * outs, (g + 1) * outs), slice(None), *k)]
            ys = y[(slice(None), slice(g * outs, (g + 1) * outs), *p)]
            if what == "y":
                ys += xs @ ws.T
            elif what == "x":
                xs += ys @ ws
            else:
                ws += ys.T @ xs


def conv(x, w, b=None, *, groups, out, **geometry):
    y = np.zeros((len(x), len(w), *out))
    _trilinear(x, w, y, groups, geometry, "y")
    return y if b is None else y + b.reshape(-1, *[1] * len(out))


def conv_transpose(y, w, *, groups, grid, **geometry):
    x = np.zeros((len(y), w.shape[1] * groups, *grid))
    _trilinear(x, w, y, groups, geometry, "x")
    return x


def conv_weight(x, y, *, groups, kernel, **geometry):
    w = np.zeros((y.shape[1], x.shape[1] // groups, *kernel))
    _trilinear(x, w, y, groups, geometry, "w")
    return w


def _split(x, n):
    """The axes before the grid, and the grid."""
    return x.shape[: x.ndim - n], x.shape[x.ndim - n :]


def max_pool(x, *, out, kernel, **geometry):
    lead, size = _split(x, len(out))
    y = np.full((*lead, *out), -np.inf)
    for p, _, _, q in _pairs(size, out, kernel, **geometry):
        y[(..., *p)] = np.maximum(y[(..., *p)], x[(..., *q)])
    return y


def place_of(x, y, *, out, kernel, **geometry):
    _, size = _split(x, len(out))
    places = np.zeros(y.shape, int)
    for p, number, _, q in reversed(list(_pairs(size, out, kernel, **geometry))):
        here = places[(..., *p)]
        places[(..., *p)] = np.where(x[(..., *q)] == y[(..., *p)], number, here)
    return places


def window_take(x, places, *, out, kernel, **geometry):
    y = np.zeros(places.shape)
    for p, number, _, q in _pairs(_split(x, len(out))[1], out, kernel, **geometry):
        y[(..., *p)] += np.where(places[(..., *p)] == number, x[(..., *q)], 0)
    return y


def window_put(y, places, *, grid, kernel, **geometry):
    lead, out = _split(y, len(grid))
    x = np.zeros((*lead, *grid))
    for p, number, _, q in _pairs(grid, out, kernel, **geometry):
        x[(..., *q)] += np.where(places[(..., *p)] == number, y[(..., *p)], 0)
    return x


def window_sum(x, *, out, kernel, **geometry):
    lead, size = _split(x, len(out))
    y = np.zeros((*lead, *out))
    for p, _, _, q in _pairs(size, out, kernel, **geometry):
        y[(..., *p)] += x[(..., *q)]
    return y


def window_spread(y, *, grid, kernel, **geometry):
    lead, out = _split(y, len(grid))
    x = np.zeros((*lead, *grid))
    for p, _, _, q in _pairs(grid, out, kernel, **geometry):
        x[(..., *q)] += y[(..., *p)]
    return x


REFERENCES = {
    f.__name__: f
    for f in (conv, conv_transpose, conv_weight, max_pool, place_of, window_take, window_put, window_sum, window_spread)
}
