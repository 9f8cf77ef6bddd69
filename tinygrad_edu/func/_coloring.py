"""Colourings of sparse patterns: columns, or rows, that can share one derivative pass.

Patterns are `scipy.sparse` CSR matrices. A colouring is an integer array, a number from 0 for each column (or row), −1 for an
empty one, which needs no pass. All are greedy, in the best of three orders: natural, largest first, smallest last.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Array
from tinygrad_edu.func._groups import Matrix

EFFORT = 3_000_000
"""The smallest-last order looks at every pair of columns that meet in a row; with more pairs than this it is left out."""

Neighbours = list[list[int]]


def column_coloring(pattern: Matrix) -> Array:
    """Colours such that no two columns of one colour have an entry in the same row.

    That is a distance-2 colouring of the columns in the bipartite graph of rows and columns (Curtis, Powell and Reid
    1974, "On the estimation of sparse Jacobian matrices"; Coleman and Moré 1983; Gebremedhin, Manne and Pothen 2005,
    "What color is your Jacobian?", §3). As few colours as the fullest row has entries is the best there can be.
    """
    columns = _lists(pattern.tocsc())
    rows = _lists(pattern)
    bound = max(map(len, rows), default=0)
    return _best(columns, lambda order: _distance_two(order, columns, len(rows)), _orders(columns, rows), bound)


def row_coloring(pattern: Matrix) -> Array:
    """Colours such that no two rows of one colour have an entry in the same column."""
    return column_coloring(pattern.T.tocsr())


def star_coloring(pattern: Matrix) -> Array:
    """Colours for a symmetric pattern such that every entry, or its mirror image, can be read off directly.

    Neighbours differ, and every path of four vertices has three colours (Coleman and Moré 1984, "Estimation of sparse
    Hessian matrices and graph coloring problems", where it is a path colouring; Gebremedhin, Manne and Pothen 2005,
    §4). The stars of two colours are kept up to date as vertices are coloured, so the effort grows with the number of
    entries alone.
    """
    rows = _lists(pattern)
    edges = [[j for j in row if j != i] for i, row in enumerate(rows)]
    least = 1 + any(edges)
    return _best(rows, lambda order: _star(order, edges), _orders(edges, edges), least)


def count(colors: Array) -> int:
    return int(colors.max(initial=-1)) + 1


def is_column_coloring(pattern: Matrix, colors: Array) -> bool:
    """Whether no row meets a colour twice, and every column with an entry has a colour."""
    rows, columns = pattern.nonzero()
    keys = rows.astype(np.int64) * (count(colors) + 1) + colors[columns]
    return bool((colors[columns] >= 0).all()) and len(np.unique(keys)) == len(keys)


def is_star_coloring(pattern: Matrix, colors: Array) -> bool:
    """Whether each entry of a symmetric pattern or its mirror image is alone of its column's colour in its row."""
    alone = alone_in_row(pattern, colors)
    return bool((colors[pattern.indices] >= 0).all() and (alone | alone[mirror(pattern)]).all())


def alone_in_row(pattern: Matrix, colors: Array) -> Array:
    """For each stored entry: whether no other entry of its row is in a column of the same colour."""
    keys = rows_of(pattern).astype(np.int64) * (count(colors) + 1) + colors[pattern.indices]
    _, which, met = np.unique(keys, return_inverse=True, return_counts=True)
    alone: Array = met[which] == 1
    return alone


def rows_of(pattern: Matrix) -> Array:
    """The row of each stored entry."""
    return np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))


def mirror(pattern: Matrix) -> Array:
    """For each stored entry (i, j) of a symmetric pattern with sorted indices, the place of (j, i)."""
    return np.lexsort((rows_of(pattern), pattern.indices))


# -- orders ---------------------------------------------------------------------------------------------------------


def _lists(matrix: Any) -> Neighbours:
    starts, indices = matrix.indptr.tolist(), matrix.indices.tolist()
    return [indices[a:b] for a, b in itertools.pairwise(starts)]


def _orders(items: Neighbours, meeting: Neighbours) -> Iterator[list[int]]:
    """Three orders of the items. `meeting[r]` lists the items that meet at r; an item's degree is how many it meets."""
    yield list(range(len(items)))
    degrees = [sum(len(meeting[r]) - 1 for r in item) for item in items]
    yield sorted(range(len(items)), key=degrees.__getitem__, reverse=True)
    if sum(len(m) ** 2 for m in meeting) <= EFFORT:
        yield _smallest_last(items, meeting, degrees)


def _smallest_last(items: Neighbours, meeting: Neighbours, degrees: list[int]) -> list[int]:
    """The item of the smallest degree goes last, the smallest among the others before it, and so on (Matula 1968)."""
    degrees = list(degrees)
    buckets: list[list[int]] = [[] for _ in range(max(degrees, default=0) + 1)]
    for item, degree in enumerate(degrees):
        buckets[degree].append(item)
    order: list[int] = []
    gone, at = [False] * len(items), 0
    while len(order) < len(items):
        while not buckets[at]:
            at += 1
        item = buckets[at].pop()
        if gone[item] or degrees[item] != at:
            continue  # it has moved to another bucket since
        gone[item] = True
        order.append(item)
        for r in items[item]:
            for other in meeting[r]:
                if not gone[other]:
                    degrees[other] -= 1
                    buckets[degrees[other]].append(other)
                    at = min(at, degrees[other])
    return order[::-1]


def _best(items: Neighbours, color: Callable[[list[int]], list[int]], orders: Iterator[list[int]], bound: int) -> Array:
    best: Array | None = None
    for order in orders:
        found = np.asarray(color([i for i in order if items[i]]), dtype=np.int64)
        if best is None or count(found) < count(best):
            best = found
        if count(best) <= bound:
            break
    assert best is not None
    return best


# -- greedy colourings ----------------------------------------------------------------------------------------------
# Sets of colours are the bits of an integer: unions and the lowest colour that is free take one operation each.


def _lowest_free(taken: int) -> int:
    return ((taken + 1) & ~taken).bit_length() - 1


def _distance_two(order: list[int], columns: Neighbours, rows: int) -> list[int]:
    colors = [-1] * len(columns)
    taken = [0] * rows
    for j in order:
        met = 0
        for i in columns[j]:
            met |= taken[i]
        colors[j] = _lowest_free(met)
        bit = 1 << colors[j]
        for i in columns[j]:
            taken[i] |= bit
    return colors


def _star(order: list[int], edges: Neighbours) -> list[int]:
    """With v coloured c, no path of four vertices may have two colours. Such a path has v at an end, v–w–x–y, where x
    has the colour c and is the centre of a star in the colour of w; or inside, u–v–w–x, where u and w are of one
    colour and x has the colour c.
    """
    colors = [-1] * len(edges)
    around = [0] * len(edges)  # the colours of a vertex's neighbours
    centres = [0] * len(edges)  # the colours of its neighbours that are the centre of a star in its own colour
    stars: list[dict[int, list[int]]] = [{} for _ in edges]  # by colour, a vertex's neighbours
    for v in order:
        taken = around[v]
        for w in edges[v]:
            c = colors[w]
            if c >= 0:
                taken |= around[w] if len(stars[v][c]) > 1 else centres[w]
        mine = colors[v] = _lowest_free(taken)
        bit = 1 << mine
        for points in stars[v].values():
            if len(points) > 1:
                for w in points:
                    centres[w] |= bit
        for w in edges[v]:
            around[w] |= bit
            points = stars[w].setdefault(mine, [])
            points.append(v)
            if colors[w] >= 0 and len(points) > 1:
                for x in points if len(points) == 2 else (v,):
                    centres[x] |= 1 << colors[w]
    return colors
