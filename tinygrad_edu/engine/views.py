"""Views: tensors that look into another's memory, and how a write through one reaches what the others compute with.

A view remembers its base and the op that made it; a base knows its views that are still alive. A write in the graph
gives the written tensor a new node, its bases nodes that say which region was replaced, and every other view of theirs
a node made afresh from its base. So whoever is asked for a gradient next sees the write, and a tensor that nobody
writes to pays nothing for it.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.graph import Leaf, Node
from tinygrad_edu.engine.memory import owner
from tinygrad_edu.engine.modes import STATE
from tinygrad_edu.engine.op import Op
from tinygrad_edu.engine.tensor import Tensor, become
from tinygrad_edu.errors import InPlaceError


class Origin(NamedTuple):
    """How a view was made: `op(base, *rest, **params)`. `limit` is why a recorded write through it is refused, if it is."""

    base: Tensor
    op: Any
    rest: tuple[Any, ...]
    params: dict[str, Any]
    limit: str


NO_GRAD = "was made inside no_grad, so the graph doesn't know whose view it is"
SEVERAL = "is one of several views made by one call (unbind, split, chunk or iteration), which must stay as they are"


def origin_of(x: Tensor) -> Origin | None:
    """How a view was made; None for a tensor that is nobody's view."""
    return getattr(x, "origin", None)


def bases(x: Tensor) -> Iterator[Tensor]:
    """What `x` is a view of, from the nearest to the one that is nobody's view."""
    while (origin := origin_of(x)) is not None:
        x = origin.base
        yield x


def remember(y: Tensor, x: Tensor, op: Any, rest: tuple[Any, ...], params: dict[str, Any]) -> None:
    """Note that `y = op(x, *rest, **params)` is a view of `x`."""
    limit = "" if STATE.grad else NO_GRAD
    above = getattr(x, "origin", None)
    if above is not None:
        limit = above.limit or limit
    y.origin = tuple.__new__(Origin, (x, op, rest, params, limit))  # three times as fast as Origin(...)
    try:
        known = x.views
    except AttributeError:
        known = x.views = []
    known.append(weakref.ref(y))
    count = len(known)
    if count >= 32 and count & (count - 1) == 0:  # now and then, so that a long-lived tensor's list stays short
        known[:] = [reference for reference in known if reference() is not None]


def made_together(views: Iterable[Tensor]) -> None:
    """Note that these views were made by one call; PyTorch refuses recorded writes through such."""
    for view in views:
        if (origin := origin_of(view)) is not None:
            view.origin = origin._replace(limit=SEVERAL)


def looks_into(y: Tensor, x: Tensor) -> bool:
    """Whether the memory of `y` is that of `x`."""
    if y.level or x.level:
        while parts := y.parts():
            y = parts[0]
        while parts := x.parts():
            x = parts[0]
    base = y.array.base
    return base is not None and (base is x.array or owner(base) is owner(x.array))


def alive(x: Tensor) -> list[Tensor]:
    """The views of `x` that somebody still has."""
    found = [reference() for reference in getattr(x, "views", ())]
    # A view may have been given other data since.
    return [v for v in found if v is not None and (origin := origin_of(v)) is not None and origin.base is x]


# -- after a write -------------------------------------------------------------------------------------------------


def settle(x: Tensor, node: Node | None) -> None:
    """Give `x`, whose memory was written to, the node of what was written, and its relatives theirs."""
    _place(x, node)
    child = x
    while (origin := origin_of(child)) is not None:
        base, op = origin.base, origin.op
        if base.node is not None or child.node is not None:
            _place(base, op.written(base, child, origin.rest, origin.params))
        _refresh(base, child)
        child = base
    _refresh(x, None)


def outdate(x: Tensor) -> None:
    """After a write that isn't recorded: the views that can't be made afresh are outdated all the same, as in PyTorch."""
    *_, root = x, *bases(x)
    if root.node is None:
        return
    pending = [root]
    while pending:
        base = pending.pop()
        for view in alive(base):
            if view.origin.limit and view.node is not None and not isinstance(view.node, Leaf):
                _place(view, _outdated(view))
            pending.append(view)


def _outdated(view: Tensor) -> Node:
    origin = view.origin
    return Node(_OUTDATED, [origin.base.node], None, None, {"why": origin.limit}, view.shape, view.dtype)


def _place(x: Tensor, node: Node | None) -> None:
    """Move `x` to another place in the graph; what `retain_grad` asked for goes along."""
    if x.retains_grad and node is not None and x.node is not None and x.node.hooks:
        node.hooks = [*(node.hooks or ()), x.node.hooks.pop()]
    x.node = node


def _refresh(base: Tensor, skip: Tensor | None) -> None:
    """Make the nodes of the views of `base` afresh, and those of their views."""
    pending = [base]
    while pending:
        base = pending.pop()
        for view in alive(base):
            if view is skip or isinstance(view.node, Leaf):
                continue
            origin = view.origin
            if base.node is None:
                _place(view, None)
            elif origin.limit:
                _place(view, _outdated(view))
            else:
                _place(view, origin.op.record([base, *origin.rest], origin.params, view.array))
            pending.append(view)


def settle_values(x: Tensor, new: Tensor) -> None:
    """As `settle` for values of transforms, which have no memory of their own: each relative becomes a new value."""
    become(x, new)
    child = x
    while (origin := origin_of(child)) is not None:
        base = origin.base
        become(base, origin.op.write(base, child, *origin.rest, **origin.params))
        _recompute(base, child)
        child = base
    _recompute(x, None)


def _recompute(base: Tensor, skip: Tensor | None) -> None:
    pending = [base]
    while pending:
        base = pending.pop()
        now = base.with_node(base.node)  # so that the new values aren't noted as views of the base themselves
        for view in alive(base):
            if view is not skip:
                become(view, view.origin.op(now, *view.origin.rest, **view.origin.params))
                pending.append(view)


def _refuse(g: Any, y: Any, *xs: Any, why: str) -> Any:
    raise InPlaceError(
        f"a view that {why} was used after its base, or another view of it, was written to in place. Make the view again after "
        "the write, or write to a copy (x.clone())."
    )


_OUTDATED = Op(
    "outdated_view",
    lambda x, *, why: np.asarray(x),
    math="a view that can't be made afresh",
    rules=[None],
    registry={},  # no op that anyone can call
)
_OUTDATED.vjp = lambda y_bar, y, xs, edges, params: _refuse(y_bar, y, **params)  # type: ignore[method-assign]
_OUTDATED.jvp = lambda x_dots, y, xs, params, spec=None: _refuse(x_dots, y, **params)  # type: ignore[method-assign]
