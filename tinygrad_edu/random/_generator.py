"""The stream of random words, PyTorch's from the same seed, and the default one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.engine.levels import STREAMS
from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import CheckpointError, ConfigError
from tinygrad_edu.ops.device import CPU, device

# One record, so that a generator's whole state is one array of bytes.
_STATE = np.dtype(
    [("seed", "<u8"), ("position", "<i8"), ("has_normal", "u1"), ("normal", "<f8"), ("key", "<u4", (624,))]
)


class Generator:
    """A stream of random numbers of its own: pass it as `generator=` to draw without touching the default one.

    A new generator is seeded by the operating system (PyTorch's starts from a constant): call `manual_seed` to repeat a
    run.
    """

    __slots__ = ("_next_normal", "_seed", "_twister")

    def __init__(self, device: Any = "cpu") -> None:
        self._seed = 0
        self._next_normal: float | None = None  # Box and Muller's method makes normal numbers in pairs
        self.seed()

    @property
    def device(self) -> device:
        return CPU

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream that belongs to `seed`, an integer in [−2⁶³, 2⁶⁴); returns the generator itself."""
        given: Any = seed
        if not isinstance(given, int | np.integer) or not -(2**63) <= given < 2**64:
            raise ConfigError(f"manual_seed: a seed is an integer from -2**63 to 2**64 - 1, not {seed!r}.")
        self._seed = int(seed) % 2**64
        # Of NumPy's generators only this one yields PyTorch's words: newer ones seed MT19937 in another way.
        self._twister = np.random.RandomState(self._seed & 0xFFFFFFFF)
        self._next_normal = None
        return self

    def seed(self) -> int:
        """Start at a point that nobody can foresee; returns it, so that the run can be repeated."""
        fresh = int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
        self.manual_seed(fresh)
        return fresh

    def initial_seed(self) -> int:
        """The seed that the stream was started with."""
        return self._seed

    def get_state(self) -> Tensor:
        """Where the stream is now, as bytes (a uint8 tensor) for `set_state`; `save` can store it."""
        _, key, position, *_ = self._twister.get_state(legacy=True)
        state = np.zeros(1, _STATE)
        state["seed"], state["position"], state["key"] = self._seed, position, key
        if self._next_normal is not None:
            state["has_normal"], state["normal"] = 1, self._next_normal
        return make(state.view(np.uint8), None)

    def set_state(self, state: Any) -> Generator:
        """Go back to where the stream was when `get_state` gave `state`; CheckpointError for anything else."""
        raw = np.ascontiguousarray(state.detach().numpy() if isinstance(state, Tensor) else state)
        if raw.dtype != np.uint8 or raw.shape != (_STATE.itemsize,):
            raise CheckpointError(
                f"set_state: expected what get_state() gave, a uint8 tensor of shape ({_STATE.itemsize},); got {raw.dtype} "
                f"of shape {raw.shape}. A state of PyTorch's own generator is another format."
            )
        record = raw.view(_STATE)[0]
        self._seed = int(record["seed"])
        self._next_normal = float(record["normal"]) if record["has_normal"] else None
        self._twister.set_state(("MT19937", record["key"], int(record["position"]), 0, 0.0))
        return self

    # -- the stream ------------------------------------------------------------------------------------------------

    def words(self, n: int) -> NDArray[np.uint32]:
        """The next `n` 32-bit words."""
        return self._twister.randint(0, 2**32, size=n, dtype=np.uint32)

    def words64(self, n: int) -> NDArray[np.uint64]:
        """The next `n` draws of 64 bits, two words each, the high one first."""
        pairs = self.words(2 * n).astype(np.uint64)
        return pairs[0::2] << np.uint64(32) | pairs[1::2]

    def doubles(self, n: int) -> NDArray[np.float64]:
        """The next `n` numbers in [0, 1), of 53 bits each."""
        return (self.words64(n) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53

    def draw_seed(self) -> int:
        """A seed of 63 bits for another generator, as PyTorch's data loaders draw theirs."""
        return int(self.words64(1)[0]) & (2**63 - 1)

    def __repr__(self) -> str:
        return f"Generator(initial_seed={self._seed})"


default_generator = Generator()
"""What draws where no `generator` is given."""


def manual_seed(seed: int) -> Generator:
    """Start the default generator's stream that belongs to `seed`; returns that generator."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Start the default generator at a point that nobody can foresee; returns it."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """Where the default generator is now."""
    return default_generator.get_state()


def set_rng_state(state: Any) -> None:
    """Put the default generator back to where `get_rng_state` found it."""
    default_generator.set_state(state)


@contextmanager
def fork_rng(devices: Any = (), enabled: bool = True, **_: Any) -> Iterator[None]:
    """After the block the default generator is where it was before."""
    state = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            set_rng_state(state)


def _bookmark() -> Callable[[], None]:
    return partial(default_generator.set_state, default_generator.get_state())  # type: ignore[return-value]


STREAMS.append(_bookmark)
