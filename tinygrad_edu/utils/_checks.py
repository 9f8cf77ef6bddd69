"""Whether a value that a caller gave is a number at all: `True` isn't one, and NumPy's scalars are."""

from typing import Any

import numpy as np


def is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    return is_integer(value) or isinstance(value, float | np.floating)
