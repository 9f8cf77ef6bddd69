"""Functions that take or put elements by position or mask."""

from __future__ import annotations

from tests.ops.oracle import A, Places, Row, bools, row

ROWS: dict[str, Row] = {
    "gather": row(lambda T, x, i: [T.gather(x, 1, i), x.gather(1, i)], A("ab"), Places("ac", 1)),
    "gather smaller": row(lambda T, x, i: x.gather(dim=0, index=i), A("4b"), Places("31", 0)),
    "take_along_dim": row(
        lambda T, x, i: [T.take_along_dim(x, i, 1), x.take_along_dim(i, dim=1)], A("ab"), Places("a3", 1)
    ),
    "take_along_dim broadcast": row(lambda T, x, i: T.take_along_dim(x, i, dim=0), A("ab"), Places("21", 0)),
    "take_along_dim flat": row(lambda T, x: T.take_along_dim(x.contiguous(), x.argsort(0).flatten()), A("ab")),
    "take": row(lambda T, x, i: [T.take(x, i), x.take(i)], A("ab"), Places("cd", 0)),
    "index_select": row(
        lambda T, x, i: [T.index_select(x, 1, i), x.index_select(dim=1, index=i)], A("ab"), Places("c", 1)
    ),
    "masked_select": row(lambda T, x, m: [T.masked_select(x, m), x.masked_select(x > 0)], A("ab"), bools("ab")),
    "masked_select broadcast": row(lambda T, x, m: x.masked_select(m), A("ab"), bools("b")),
    "nonzero": row(lambda T, x: [T.nonzero(x), x.nonzero(as_tuple=True), T.argwhere(x)], bools("ab")),
    "x[i]": row(lambda T, x, i: [x[i], x[0], x[-1], x[:, 1], x[..., None], x[1:, ::2]], A("ab"), Places("c", 0)),
    "x[i, j]": row(lambda T, x, i, j: [x[i, j], x[:, j], x[range(2), [0, 1]]], A("ab"), Places("c", 0), Places("c", 1)),
    "x[mask]": row(lambda T, x, m: x[m], A("abc"), bools("ab")),
    "scatter": row(
        lambda T, x, i, y: [T.scatter(x, 0, i, y), x.scatter(0, i, y)],
        A("4b"),
        Places("2b", 0),
        A("2b"),
        gradient=False,
    ),
    "scatter number": row(lambda T, x, i: x.scatter(1, i, 2.5), A("ab"), Places("a1", 1)),
    "scatter value=": row(lambda T, x, i: x.scatter(1, i, value=2.5), A("ab"), Places("a1", 1)),
    "scatter column": row(lambda T, x, i, y: T.scatter(x, 1, i, y), A("ab"), Places("a1", 1), A("a1")),
    "scatter_add": row(
        lambda T, x, i, y: [T.scatter_add(x, 0, i, y), x.scatter_add(0, i, y)], A("4b"), Places("3b", 0), A("3b")
    ),
    "scatter_reduce": row(lambda T, x, i, y: x.scatter_reduce(0, i, y, "sum"), A("4b"), Places("3b", 0), A("3b")),
    **{
        f"scatter_reduce {how}{' alone' * (not own)}": row(
            lambda T, x, i, y, how=how, own=own: x.scatter_reduce(0, i, y, how, include_self=own),
            A("4b"),
            Places("3b", 0),
            A("3b"),
        )
        for how in ("prod", "amax", "amin")
        for own in (True, False)
    },
    **{
        f"index_reduce {how}{' alone' * (not own)}": row(
            lambda T, x, y, how=how, own=own: T.index_reduce(x, 0, T.tensor([2, 0, 2]), y, how, include_self=own),
            A("4b"),
            A("3b"),
        )
        for how in ("prod", "mean", "amax", "amin")
        for own in (True, False)
    },
    "scatter_reduce mean": row(
        lambda T, x, i, y: T.scatter_reduce(x, 0, i, y, "mean", include_self=False), A("4b"), Places("3b", 0), A("3b")
    ),
    "index_add": row(
        lambda T, x, i, y: [T.index_add(x, 0, i, y), x.index_add(0, i, y, alpha=2)], A("4b"), Places("3", 0), A("3b")
    ),
    "index_copy": row(lambda T, x, i, y: T.index_copy(x, 0, i, y), A("4b"), Places("3", 0, unique=True), A("3b")),
    "index_fill": row(lambda T, x, i: T.index_fill(x, 1, i, 1.5), A("ab"), Places("2", 1)),
    "index_put": row(
        lambda T, x, i, j, y: T.index_put(x, (i, j), y, accumulate=True),
        A("ab"),
        Places("3", 0),
        Places("3", 1),
        A("3"),
    ),
    "index_put replacing": row(lambda T, x, i, y: x.index_put((i,), y), A("4b"), Places("2", 0, unique=True), A("2b")),
    "put": row(lambda T, x, i, y: x.put(i, y, accumulate=True), A("4b"), Places("3", 0), A("3")),
    "masked_scatter": row(
        lambda T, x, m, y: [T.masked_scatter(x, m, y), x.masked_scatter(m, y)], A("ab"), bools("ab"), A("ab")
    ),
    "select_scatter": row(lambda T, x, y: T.select_scatter(x, y, 0, 1), A("ab"), A("b")),
    "slice_scatter": row(
        lambda T, x, y: [T.slice_scatter(x, y, 1, 1, 3), x.slice_scatter(y, dim=1, end=2)], A("a4"), A("a2")
    ),
    "diagonal_scatter": row(lambda T, x, y: T.diagonal_scatter(x, y), A("4a"), A("2"), gradient=True),
}
ROWS["diagonal_scatter"] = row(
    lambda T, x, y: [T.diagonal_scatter(x, y), x.diagonal_scatter(y[:3], 1)], A("44"), A("4")
)
