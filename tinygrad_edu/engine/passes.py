"""How many directions this thread has sent through derivatives: one increment for a whole sweep, none for an operation."""

from __future__ import annotations

import math
import threading

from tinygrad_edu.engine.levels import OPEN


class Passes(threading.local):
    """`pushed` counts forward mode (calls of `jvp`, forward sweeps over a graph), `pulled` reverse sweeps.

    A sweep inside `vmap` counts once for each of the examples, as if there had been a loop. A sweep that the
    differentiated function itself runs counts like any other. The dual numbers of `autograd.forward_ad` aren't counted:
    no call says when a direction begins.
    """

    pushed: int = 0
    pulled: int = 0


PASSES = Passes()
"""Read it before and after, and subtract."""


def directions() -> int:
    """As how many sweeps one counts here: the product of the sizes of the `vmap`s that this thread is inside of."""
    return math.prod(batch.size for batch in OPEN.batches) if OPEN.batches else 1
