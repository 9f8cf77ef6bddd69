"""`profile` and `record_function`: how long the blocks that they stand around take. What each operation takes, `compare` says."""

from __future__ import annotations

import time
from contextlib import ContextDecorator
from dataclasses import dataclass
from typing import Any


@dataclass
class Event:
    """A block that was entered `count` times and took `seconds` in all."""

    key: str
    count: int = 0
    seconds: float = 0.0

    @property
    def cpu_time_total(self) -> float:
        """In microseconds, as PyTorch has it."""
        return self.seconds * 1e6


class Events(list[Event]):
    """What a profile measured."""

    def table(self, *_: Any, **__: Any) -> str:
        width = max((len(event.key) for event in self), default=4)
        lines = [f"{'Name':<{width}}  {'CPU total':>12}  {'# of Calls':>10}"]
        lines += [f"{event.key:<{width}}  {event.seconds * 1e3:>9.3f} ms  {event.count:>10}" for event in self]
        return "\n".join(lines)


_open: list[profile] = []


class profile(ContextDecorator):
    """Times the block under it, and the blocks of `record_function` inside; `use_cuda` and its like change nothing."""

    def __init__(self, enabled: bool = True, **_: Any) -> None:
        self.events: dict[str, Event] = {}

    def __enter__(self) -> profile:
        _open.append(self)
        self._start = time.perf_counter()
        return self

    def __exit__(self, *exc: object) -> None:
        self._add("whole block", time.perf_counter() - self._start)
        _open.remove(self)

    def _add(self, name: str, seconds: float) -> None:
        event = self.events.setdefault(name, Event(name))
        event.count += 1
        event.seconds += seconds

    def step(self) -> None:
        """Of no effect: there is one profile for the whole block."""

    def key_averages(self, *_: Any, **__: Any) -> Events:
        """The blocks, the longest first."""
        return Events(sorted(self.events.values(), key=lambda event: -event.seconds))

    @property
    def self_cpu_time_total(self) -> float:
        """In microseconds."""
        return sum(event.cpu_time_total for event in self.events.values() if event.key == "whole block")

    def table(self, *_: Any, **__: Any) -> str:
        return self.key_averages().table()

    def __str__(self) -> str:
        return self.table()


class record_function(ContextDecorator):
    """Times the block under it by name, in every profile that is open."""

    def __init__(self, name: str, args: Any = None) -> None:
        self.name = name

    def __enter__(self) -> record_function:
        self._start = time.perf_counter()
        return self

    def __exit__(self, *exc: object) -> None:
        for opened in _open:
            opened._add(self.name, time.perf_counter() - self._start)
