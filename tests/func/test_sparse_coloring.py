"""Colourings: valid for every pattern, as few colours as there can be where that is known, and fast."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu.func._coloring import (
    column_coloring,
    count,
    is_column_coloring,
    is_star_coloring,
    row_coloring,
    star_coloring,
)


@st.composite
def patterns(draw, square: bool = False):
    m = draw(st.integers(0, 12))
    n = m if square else draw(st.integers(0, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.random((m, n)) < draw(st.sampled_from([0.0, 0.1, 0.2, 0.4, 0.9]))


def meet(p: np.ndarray, colors: np.ndarray) -> bool:
    """Whether two columns of one colour have an entry in the same row: the definition."""
    pairs = itertools.combinations(range(p.shape[1]), 2)
    return any(colors[i] == colors[j] and (p[:, i] & p[:, j]).any() for i, j in pairs)


def is_star(p: np.ndarray, colors: np.ndarray) -> bool:
    """Neighbours differ, and no path of four vertices has two colours: the definition."""
    near = p & ~np.eye(len(p), dtype=bool)
    around = [np.flatnonzero(row) for row in near]
    if any(colors[i] == colors[j] for i in range(len(p)) for j in around[i]):
        return False
    return not any(
        colors[a] == colors[c] and colors[b] == colors[d]
        for b in range(len(p))
        for c in around[b]
        for a in around[b]
        for d in around[c]
        if a != c and d not in (a, b)
    )


@given(patterns())
@settings(max_examples=300, deadline=None)
def test_columns_of_one_colour_never_meet_and_rows_neither(p):
    for matrix, color in ((p, column_coloring), (p.T, row_coloring)):
        colors = color(sp.csr_matrix(p))
        assert colors.shape == (matrix.shape[1],)
        assert np.array_equal(colors >= 0, matrix.any(axis=0))
        assert not meet(matrix, np.where(colors >= 0, colors, -1 - np.arange(len(colors))))
        assert is_column_coloring(sp.csr_matrix(matrix), colors)
        assert set(colors[colors >= 0].tolist()) == set(range(count(colors)))


@given(patterns(square=True), st.booleans())
@settings(max_examples=300, deadline=None)
def test_star_colourings_have_no_path_of_four_in_two_colours(p, diagonal):
    p = (p | p.T | np.eye(len(p), dtype=bool)) if diagonal else (p | p.T)
    colors = star_coloring(sp.csr_matrix(p))
    assert is_star(p, colors)
    assert is_star_coloring(sp.csr_matrix(p), colors)


@given(patterns(square=True), st.integers(0, 2**32 - 1), st.integers(1, 5))
@settings(max_examples=300, deadline=None)
def test_the_checkers_say_what_the_definitions_say(p, seed, most):
    colors = np.random.default_rng(seed).integers(0, most, len(p))
    assert is_column_coloring(sp.csr_matrix(p), colors) == (not meet(p, colors))
    full = p | p.T | np.eye(len(p), dtype=bool)
    assert is_star_coloring(sp.csr_matrix(full), colors) == is_star(full, colors)


def banded(n: int, below: int, above: int) -> np.ndarray:
    i, j = np.indices((n, n))
    return (j - i <= above) & (i - j <= below)


def arrow(n: int, at: int = 0) -> np.ndarray:
    p = np.eye(n, dtype=bool)
    p[at] = p[:, at] = True
    return p


def laplacian(side: int) -> np.ndarray:
    line, eye = banded(side, 1, 1).astype(int), np.eye(side, dtype=int)
    return (np.kron(line, eye) + np.kron(eye, line)) > 0


# pattern, and the least colours of its columns, its rows, and its star colouring where it is symmetric
KNOWN = {
    "nothing": (np.zeros((4, 4), bool), 0, 0, 0),
    "diagonal": (np.eye(30, dtype=bool), 1, 1, 1),
    "tridiagonal": (banded(50, 1, 1), 3, 3, 3),
    "bidiagonal": (banded(50, 0, 1), 2, 2, None),
    "five diagonals": (banded(50, 2, 2), 5, 5, 5),
    "upper band": (banded(50, 0, 6), 7, 7, None),
    "one full row": (np.arange(20)[:, None] * np.ones(20, int) == 0, 20, 1, None),
    "arrow": (arrow(40), 40, 40, 2),
    "arrow from below": (arrow(40, 39), 40, 40, 2),
    "arrow from the middle": (arrow(40, 20), 40, 40, 2),
    "blocks of 4": (np.kron(np.eye(6, dtype=int), np.ones((4, 4), int)) > 0, 4, 4, 4),
    "full": (np.ones((9, 9), bool), 9, 9, 9),
    "wide blocks": (np.kron(np.eye(3, dtype=int), np.ones((2, 5), int)) > 0, 5, 2, None),
    "five points of a grid": (laplacian(20), 5, 5, None),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_patterns_get_the_fewest_colours(name):
    p, columns, rows, star = KNOWN[name]
    matrix = sp.csr_matrix(p)
    assert (count(column_coloring(matrix)), count(row_coloring(matrix))) == (columns, rows)
    if star is not None:
        assert count(star_coloring(matrix)) == star


@pytest.mark.parametrize("seed", range(5))
def test_a_band_in_any_order_of_its_columns_takes_few_more_colours(seed):
    p = banded(200, 2, 2)
    order = np.random.default_rng(seed).permutation(200)
    assert count(column_coloring(sp.csr_matrix(p[:, order]))) <= 7
    assert count(star_coloring(sp.csr_matrix(p[order][:, order]))) <= 8


def test_a_full_row_among_many_columns_is_no_trouble():
    n = 10_000
    p = sp.eye_array(n, format="lil", dtype=bool)
    p[0, :] = True
    p[:, 0] = True
    p = sp.csr_matrix(p)
    start = time.perf_counter()
    assert count(column_coloring(p)) == n
    assert count(star_coloring(p)) == 2
    assert time.perf_counter() - start < 10  # pairs of columns would be 10⁸
