"""Anomaly mode: a NaN that arises in a reverse sweep is named, with the line that called the op which made it."""

from __future__ import annotations

from types import TracebackType

from tinygrad_edu.autograd._observer import LOCAL, refresh


class _Anomaly:
    def __init__(self, mode: bool, check_nan: bool) -> None:
        self._wanted = bool(mode), bool(check_nan)
        self._before = LOCAL.anomaly, LOCAL.check_nan

    def _set(self, mode: bool, check_nan: bool) -> None:
        LOCAL.anomaly, LOCAL.check_nan = mode, check_nan
        refresh()

    def __enter__(self) -> None:
        self._before = LOCAL.anomaly, LOCAL.check_nan
        self._set(*self._wanted)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._set(*self._before)


class detect_anomaly(_Anomaly):
    """Inside, each recorded operation remembers the line that called it, and a sweep raises GraphError where a NaN first
    appears: it names the operation and that line.

    Run the forward pass inside as well, or the line isn't known. With `check_nan=False` the lines are remembered
    (`node.metadata["source"]`), and nothing is checked. It costs a look at each gradient, and about 10 µs per
    operation. It holds for this thread only.
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(True, check_nan)


class set_detect_anomaly(_Anomaly):
    """`detect_anomaly` on or off from the call on; as a context manager, until the block ends."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(mode, check_nan)
        self._set(*self._wanted)

    def __enter__(self) -> None:
        """It was switched at the call already."""


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on in this thread."""
    return LOCAL.anomaly


def is_anomaly_check_nan_enabled() -> bool:
    """Whether sweeps look for NaNs in this thread, provided that anomaly mode is on."""
    return LOCAL.check_nan
