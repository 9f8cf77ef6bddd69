"""Random numbers with PyTorch's names and, from the same seed, the numbers of its CPU generator.

Both generators are MT19937 (Matsumoto & Nishimura, 1998), so the 32-bit words are the same ones; here is what PyTorch
makes of them. Everything comes out bit for bit but normal numbers (equal to about 2e-7 in float32, from the cosine's
rounding) and float16. `uniform_` and `normal_` fill arrays in place; the rest make Tensors.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import CheckpointError, ConfigError, DTypeError, ShapeError

Array = NDArray[Any]

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


# -- filling arrays ------------------------------------------------------------------------------------------------


def _unit(n: int, dtype: np.dtype[Any], generator: Generator) -> Array:
    """`n` numbers in [0, 1): 53 bits each in float64, 24 otherwise."""
    if dtype.kind != "f":
        raise DTypeError(f"random: uniform and normal numbers need a floating dtype, not {dtype}.")
    if dtype == np.float64:
        return generator.doubles(n)
    unit = (generator.words(n) & np.uint32(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)
    return unit if dtype == np.float32 else unit.astype(dtype)


def uniform_(out: Array, low: float = 0.0, high: float = 1.0, generator: Generator | None = None) -> Array:
    """Fill `out` with numbers spread evenly over [low, high); returns it. Raises ConfigError unless low ≤ high."""
    if not low <= high or not math.isfinite(high - low):
        raise ConfigError(f"uniform_: needs finite low <= high, got low={low} and high={high}.")
    unit = _unit(out.size, out.dtype, generator or default_generator)
    if (low, high) != (0.0, 1.0):
        start, end = out.dtype.type(low), out.dtype.type(high)
        unit = _fused_multiply_add(unit, end - start, start)
    out[...] = unit.reshape(out.shape)
    note_write(out)
    return out


def _fused_multiply_add(a: Array, b: Any, c: Any) -> Array:
    """`a·b + c` rounded once, as the compiler has PyTorch compute it, where `a * b + c` would round twice."""
    if a.dtype != np.float64:
        return (a.astype(np.float64) * float(b) + float(c)).astype(
            a.dtype
        )  # the product of two float32 is exact in float64
    # The product's and the sum's rounding errors, exactly (Dekker 1971; Knuth, TAOCP vol. 2, 4.2.2), added back at the
    # end.
    shift = 2.0**27 + 1
    t = shift * a
    a_high = t - (t - a)
    t = shift * b
    b_high = t - (t - b)
    a_low, b_low = a - a_high, b - b_high
    product = a * b
    product_error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    total = product + c
    z = total - product
    total_error = (product - (total - z)) + (c - z)
    rounded: Array = total + (product_error + total_error)
    return rounded


def normal_(out: Array, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Array:
    """Fill `out` with normal numbers (Box & Muller, 1958); returns it. Raises ConfigError for a negative `std`."""
    if not std >= 0:
        raise ConfigError(f"normal_: the standard deviation must not be negative, got std={std}.")
    source, n = generator or default_generator, out.size
    if n < 16 and out.dtype.kind == "f":
        flat = _few_normals(n, source)
    else:
        flat = np.empty(n, out.dtype)
        whole = n - n % 16
        draws = _unit(n, out.dtype, source)
        flat[:whole] = _box_muller(draws[:whole])
        if n % 16:
            # As in PyTorch the last block of 16 is drawn afresh over the end of the one before it.
            flat[-16:] = _box_muller(_unit(16, out.dtype, source))
    out[...] = (flat * std + mean if (mean, std) != (0.0, 1.0) else flat).reshape(out.shape)
    note_write(out)
    return out


def _box_muller(unit: Array) -> Array:
    """Uniform numbers in blocks of 16, eight radii and then eight angles, as normal ones: eight cosines, then eight
    sines.
    """
    blocks = unit.reshape(-1, 2, 8)
    number = unit.dtype.type
    radius = np.sqrt(number(-2) * np.log(1 - blocks[:, 0]))
    angle = number(2 * math.pi) * blocks[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)


def _few_normals(n: int, source: Generator) -> NDArray[np.float64]:
    """Fewer than 16 normal numbers: pairs of 53-bit draws, half a pair kept for the next call."""
    kept = source._next_normal if n else None
    missing = n - (kept is not None)
    draws = source.doubles(missing + missing % 2).reshape(-1, 2)
    radius = np.sqrt(-2 * np.log1p(-draws[:, 1]))
    angle = 2 * math.pi * draws[:, 0]
    made = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)
    if n:
        source._next_normal = float(made[-1]) if missing % 2 else None
    return made[:missing] if kept is None else np.concatenate([[kept], made[:missing]])


def keep_mask(shape: tuple[int, ...], keep: float, dtype: np.dtype[Any], generator: Generator | None = None) -> Array:
    """Ones with probability `keep` and zeros elsewhere: what dropout multiplies by."""
    draws = (generator or default_generator).doubles(math.prod(shape))
    return (draws < keep).astype(dtype).reshape(shape)


# -- tensors -------------------------------------------------------------------------------------------------------


def _shape(size: tuple[Any, ...], keyword: Any) -> tuple[int, ...]:
    given: Any = size if keyword is None else (keyword,)
    if len(given) == 1 and not isinstance(given[0], int | np.integer):
        given = given[0]
    shape = tuple(int(n) for n in given)
    if any(n < 0 for n in shape):
        raise ShapeError(f"random: a size can't be negative, got {shape}.")
    return shape


def _made(array: Array, requires_grad: bool) -> Tensor:
    tensor = make(array, None)
    return tensor.requires_grad_() if requires_grad else tensor


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **keywords: Any,
) -> Tensor:
    """Numbers spread evenly over [0, 1), in a tensor of the given size (numbers, a sequence, or `size=`)."""
    out = np.empty(_shape(size, _only_size("rand", keywords)), dtype or get_default_dtype())
    return _made(uniform_(out, generator=generator), requires_grad)


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **keywords: Any,
) -> Tensor:
    """Normal numbers of mean 0 and variance 1, in a tensor of the given size (numbers, a sequence, or `size=`)."""
    out = np.empty(_shape(size, _only_size("randn", keywords)), dtype or get_default_dtype())
    return _made(normal_(out, generator=generator), requires_grad)


def _only_size(name: str, keywords: dict[str, Any]) -> Any:
    # `size` can't be a named parameter beside `*size`.
    size = keywords.pop("size", None)
    if keywords:
        raise TypeError(f"{name}() got an unexpected keyword argument {next(iter(keywords))!r}")
    return size


def rand_like(x: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`rand` in the shape and dtype of `x`."""
    return rand(x.shape, dtype=dtype or x.dtype, requires_grad=requires_grad)


def randn_like(x: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`randn` in the shape and dtype of `x`."""
    return randn(x.shape, dtype=dtype or x.dtype, requires_grad=requires_grad)


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None) -> Tensor:
    """Normal numbers: one for each element of `mean` and `std` (tensors or numbers that broadcast), or `size` many."""
    means, stds = (x.detach().numpy() if isinstance(x, Tensor) else x for x in (mean, std))
    if np.any(np.less(stds, 0)):
        raise ConfigError(f"normal: a standard deviation must not be negative, got {np.min(stds)}.")
    arrays = [x for x in (means, stds) if isinstance(x, np.ndarray)]
    shape = np.broadcast_shapes(np.shape(means), np.shape(stds)) if size is None else _shape((size,), None)
    draws = normal_(np.empty(shape, np.result_type(*arrays) if arrays else get_default_dtype()), generator=generator)
    return make((draws * stds + means).astype(draws.dtype, copy=False), None)


def randint(
    low: Any = None,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = np.int64,
    device: Any = None,
) -> Tensor:
    """Integers from `low` to `high − 1`: `randint(low, high, size)`, or `randint(high, size)` from 0.

    Raises ConfigError if there are none. A remainder is taken of 32 random bits (64 for a range of 2²⁸ or more), so the
    smaller numbers of a huge range come up a little more often, as in PyTorch.
    """
    if size is None:
        low, high, size = 0, low, high
    first, last = int(low or 0), int(high)
    if not -(2**63) <= first < last <= 2**63:
        raise ConfigError(f"randint: there is no int64 from low={first} up to but without high={last}.")
    source, span, shape = generator or default_generator, last - first, _shape((size,), None)
    n = math.prod(shape)
    rest = source.words(n) % span if span < 2**28 else source.words64(n) % np.uint64(span)
    return make((rest.astype(np.int64) + np.int64(first)).astype(dtype, copy=False).reshape(shape), None)


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = np.int64, device: Any = None) -> Tensor:
    """The integers below `n` in random order (Durstenfeld, 1964)."""
    return make(np.asarray(permutation(n, generator), dtype=dtype), None)


def permutation(n: int, generator: Generator | None = None) -> list[int]:
    """`randperm` as a list."""
    if n < 0:
        raise ConfigError(f"randperm: needs n >= 0, got {n}.")
    order = list(range(n))
    steps = np.arange(max(n - 1, 0))
    partners = steps + (generator or default_generator).words(len(steps)) % (n - steps)
    for i, j in enumerate(partners.tolist()):
        order[i], order[j] = order[j], order[i]
    return order


def _probabilities(x: Any, name: str) -> Array:
    p: Array = x.detach().numpy() if isinstance(x, Tensor) else np.asarray(x)
    if p.dtype.kind != "f":
        raise DTypeError(f"{name}: probabilities are floating numbers, these are {p.dtype}.")
    if p.size and not (p.min() >= 0 and np.isfinite(p.max())):
        raise ConfigError(
            f"{name}: probabilities can't be negative, infinite or NaN; these go from {p.min()} to {p.max()}."
        )
    return p


def bernoulli(x: Any, *, generator: Generator | None = None) -> Tensor:
    """Ones with the probabilities `x` and zeros elsewhere, in the shape and dtype of `x`."""
    p = _probabilities(x, "bernoulli")
    if p.size and p.max() > 1:
        raise ConfigError(f"bernoulli: a probability is at most 1, got {p.max()}.")
    draws = _unit(p.size, p.dtype, generator or default_generator).reshape(p.shape)
    return make((draws < p).astype(p.dtype), None)


def multinomial(x: Any, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor:
    """Indices drawn with probabilities proportional to `x`: (n,) → (num_samples,), or each row of (m, n) → (m,
    num_samples).

    Raises ConfigError where a row is all zeros, or has too few positive entries to draw from without replacement.
    """
    p = _probabilities(x, "multinomial")
    if p.ndim not in (1, 2):
        raise ShapeError(f"multinomial: probabilities have shape (n,) or (m, n), not {p.shape}.")
    rows = np.atleast_2d(p)
    fewest = int(np.count_nonzero(rows, axis=1).min(initial=rows.shape[1]))
    if num_samples < 1 or fewest < (1 if replacement else num_samples):
        raise ConfigError(
            f"multinomial: can't draw num_samples={num_samples} with replacement={replacement} from a row in which "
            f"{fewest} entries are positive."
        )
    source = generator or default_generator
    if replacement and num_samples > 1:
        cumulative = np.cumsum(rows, axis=1)
        cumulative /= cumulative[:, -1:]
        draws = source.doubles(len(rows) * num_samples).reshape(len(rows), num_samples)
        picked = np.stack([np.searchsorted(c, d, side="right") for c, d in zip(cumulative, draws, strict=True)])
    else:
        # The largest p / exponential falls on i with probability pᵢ / Σ p, the next largest likewise among the rest.
        race = rows / (-np.log1p(-source.doubles(rows.size))).reshape(rows.shape).astype(rows.dtype)
        picked = np.argsort(-race, axis=1, kind="stable")[:, :num_samples]
    return make(picked.astype(np.int64).reshape((*p.shape[:-1], num_samples)), None)
