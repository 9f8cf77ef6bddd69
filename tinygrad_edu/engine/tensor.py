"""`Tensor`: an array that knows the node which made it. Its operators and methods are attached by `ops/methods.py`.

Level 0 holds an ndarray. The values of transforms (`levels.py`) are subclasses that hold Tensors of a lower level.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from tinygrad_edu.engine import memory
from tinygrad_edu.engine.graph import Handle, Leaf, Node
from tinygrad_edu.engine.modes import STATE, get_default_dtype
from tinygrad_edu.engine.source import stores_item
from tinygrad_edu.errors import DTypeError, GraphError, LevelError, UnsupportedError

if TYPE_CHECKING:
    from tinygrad_edu.ops.methods import Methods as _Methods
else:
    _Methods = object  # ops/methods.py attaches them when it is imported: the engine imports nothing from above it

T = TypeVar("T")
Array = np.ndarray[Any, Any]

LEVEL0: set[type] = set()
"""The exact classes that hold an ndarray: one set look-up on the hot path instead of an isinstance chain."""

NUMPY: dict[Any, Callable[..., Any]] = {}
"""NumPy's function or ufunc -> what stands for it here; `ufunc.reduce` is keyed as `(ufunc, "reduce")`."""


class Tensor(_Methods):
    """An n-dimensional array whose operations are recorded.

    `Tensor(data)` copies `data`: nested lists of numbers, an ndarray or a Tensor. Python floats become the default
    dtype (float32), Python integers int64; arrays keep theirs. With `requires_grad=True` (floating or complex dtypes
    only) operations on it are recorded, and `backward()` on a result leaves the gradient in `.grad`.
    """

    # `origin` and `views` say whose view this is and who is its view (`views.py`); in most tensors they are empty. The
    # last three are for the values of transforms, which name them in their own way: with one layout for all, an
    # in-place write can turn a plain tensor into such a value.
    __slots__ = ("__weakref__", "_level", "_second", "_third", "array", "grad", "node", "origin", "views")

    level: int = 0
    origin: Any
    views: list[weakref.ref[Tensor]]
    transform: str = ""  # the transform whose value this is
    array: Array
    node: Node | None
    grad: Tensor | None
    __hash__ = object.__hash__

    def __init__(self, data: Any = (), *, dtype: Any = None, requires_grad: bool = False) -> None:
        self.array = to_array(data, dtype, copy=True)
        self.node = None
        self.grad = None
        if requires_grad:
            self.requires_grad_()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not cls.transform:
            LEVEL0.add(cls)

    # -- what it is ------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.array.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self.array.dtype
        return dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def with_node(self, node: Node | None) -> Tensor:
        """The same value at another place in the graph."""
        return make(self.array, node)

    def parts(self) -> tuple[Tensor, ...]:
        """The values of lower levels that a transform's value is made of."""
        return ()

    def lift(self, op: Any, level: int, args: list[Any], params: dict[str, Any]) -> Any:
        """How `op` acts on values of this transform."""
        raise NotImplementedError

    @property
    def _version(self) -> int:
        return memory.version(self.array)

    # -- its place in the graph ------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for a gradient of this tensor, or no longer. Raises DTypeError unless its dtype is floating or complex."""
        if requires_grad and self.node is None:
            if self.dtype.kind not in "fc":
                raise DTypeError(
                    f"requires_grad: only floating and complex tensors have gradients, this one is {self.dtype}. "
                    "Convert it first, e.g. x.float()."
                )
            self.node = Leaf(self)
        elif not requires_grad and self.node is not None:
            if not isinstance(self.node, Leaf):
                raise GraphError(
                    f"requires_grad_(False): this tensor was made by {self.node.name}; use x.detach() for one outside the graph."
                )
            self.node = None
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether the user made this tensor, rather than a recorded operation."""
        return self.node is None or isinstance(self.node, Leaf)

    @property
    def grad_fn(self) -> Node | None:
        """The node that made this tensor; None for a leaf."""
        return None if self.node is None or self.is_leaf else self.node.shown()

    def detach(self) -> Tensor:
        """The same values outside the graph, sharing memory."""
        return as_value(payload(self))

    @property
    def data(self) -> Tensor:
        """As `detach()`; assigning replaces the values and keeps the tensor's place in the graph."""
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        self.array = array = to_array(value, None, copy=False)
        for slot in ("origin", "views"):  # which were about the old memory
            if hasattr(self, slot):
                delattr(self, slot)
        if self.node is not None:
            self.node.shape, self.node.dtype = array.shape, array.dtype

    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf in `.grad` as well, once a sweep has passed it and its hooks have run."""
        if self.node is None:
            raise GraphError("retain_grad(): this tensor is in no graph; it must require a gradient.")
        if not self.is_leaf and not self.retains_grad:
            self.node.hooks = [*(self.node.hooks or ()), _Keep(self)]

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` was called on this non-leaf."""
        hooks = None if self.node is None else self.node.hooks
        return type(hooks[-1]) is _Keep if hooks else False

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Handle:
        """Call `hook(gradient)` when a sweep has this tensor's whole gradient; what it returns, if anything, replaces
        it.

        Returns a handle whose `remove()` takes the hook away again. The hook must not write into the gradient. In a
        sweep: DTypeError for a result that is no Tensor, ShapeError for one of another shape.
        """
        node = self.node
        if node is None:
            raise GraphError("register_hook(): this tensor is in no graph; it must require a gradient.")
        hooks = node.hooks = node.hooks if node.hooks is not None else []
        hooks.insert(len(hooks) - self.retains_grad, hook)  # what `retain_grad` keeps is what the hooks made of it
        return Handle(hooks, hook)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf or self.level:
            raise GraphError(
                f"deepcopy: this tensor of shape {self.shape} was computed in a graph, which isn't copied. Copy a leaf, or "
                "x.detach() for the values alone."
            )
        twin = _leaf(type(self), self.array.copy(), self.requires_grad)
        twin.grad = None if self.grad is None else copy.deepcopy(self.grad, memo)
        memo[id(self)] = twin
        return twin

    def __reduce__(self) -> Any:
        if not self.is_leaf or self.level:
            raise GraphError(
                f"pickle: this tensor of shape {self.shape} was computed in a graph, which can't be stored. Store x.detach()."
            )
        return _leaf, (type(self), self.array, self.requires_grad)

    # -- out of the library ----------------------------------------------------------------------------------------

    def numpy(self) -> Array:
        """The values as an ndarray that shares memory. Raises GraphError for a tensor that requires a gradient."""
        if self.node is not None:
            raise GraphError(
                "numpy(): this tensor requires a gradient, which an ndarray can't carry. Use x.detach().numpy()."
            )
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.node is not None:
            raise GraphError(
                "np.asarray(tensor): this tensor requires a gradient, which a plain array would lose without a word. "
                "Use x.detach().numpy(), or np.<function>(tensor) to stay in the graph."
            )
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def item(self) -> Any:
        """The value of a one-element tensor as a Python number."""
        return self.detach().numpy().item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return self.detach().numpy().tolist()

    def __bool__(self) -> bool:
        return bool(self.detach().numpy())

    def __int__(self) -> int:
        return int(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def _number(self) -> Any:
        if (self.node is not None or self.level) and stores_item(2):
            raise GraphError(
                "array[index] = tensor: this tensor carries a derivative, which a plain array would lose without a word. Write "
                "into a Tensor instead (tg.zeros(...)), or store x.detach()."
            )
        return self.item()

    def __index__(self) -> int:
        if self.dtype.kind not in "iub" or self.ndim:
            raise DTypeError(
                f"only an integer tensor with one element can be an index, not {self.dtype} of shape {self.shape}."
            )
        return int(self.item())

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    # -- NumPy's protocols, which ops/ufuncs.py fills in ---------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def __array_function__(self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        raise NotImplementedError


LEVEL0.add(Tensor)


class Slot(Protocol[T]):
    """How type checkers see one of Tensor's slots under another name."""

    def __get__(self, tensor: Any, owner: Any = None) -> T: ...
    def __set__(self, tensor: Any, value: T) -> None: ...


LEVEL: Any
FIRST: Any
SECOND: Any
THIRD: Any
LEVEL, FIRST, SECOND, THIRD = (vars(Tensor)[name] for name in ("_level", "array", "_second", "_third"))
"""The slots of Tensor that the classes of transforms' values give names of their own."""


def become(x: Tensor, new: Tensor) -> None:
    """Turn `x` into `new`: its class, its value, its place in the graph."""
    if type(x) is not type(new):
        x.__class__ = type(new)
    for slot in (LEVEL, FIRST, SECOND, THIRD):
        try:
            slot.__set__(x, slot.__get__(new))
        except AttributeError:  # which `new` doesn't use
            continue
    x.node = new.node


class _Keep:
    """The hook of `retain_grad`. It doesn't keep the tensor alive, which would keep its node, and so this, alive."""

    __slots__ = ("owner",)

    def __init__(self, tensor: Tensor) -> None:
        self.owner = weakref.ref(tensor)

    def __call__(self, y_bar: Tensor) -> None:
        tensor = self.owner()
        if tensor is not None:
            own = make(y_bar.array.copy(), None) if y_bar.level == 0 and y_bar.node is None else y_bar
            tensor.grad = own if tensor.grad is None else tensor.grad + own


def no_rule(name: str) -> UnsupportedError:
    """The error for a NumPy function that no op stands for."""
    return UnsupportedError(
        f"{name} has no derivative rule here, and computing it on a Tensor without one would lose the gradient. Build it from "
        f"functions that have one, declare an op for it (docs/ops.md), or, for a constant, call {name} on x.detach().numpy()."
    )


def _leaf(cls: type[Tensor], array: Array, requires_grad: bool) -> Tensor:
    """A tensor of the given class outside any graph: what copies and pickles are made of."""
    tensor = object.__new__(cls)
    tensor.array = array
    tensor.node = None
    tensor.grad = None
    return tensor.requires_grad_() if requires_grad else tensor


def make(array: Array, node: Node | None) -> Tensor:
    """A Tensor around an array, uncopied."""
    tensor: Tensor = object.__new__(Tensor)
    tensor.array = array
    tensor.node = node
    tensor.grad = None
    return tensor


def tensor_of(data: Any, dtype: Any = None) -> Tensor:
    """What `Tensor(data)` is, also in a script for PyTorch, where those words mean its older constructor (`as_torch.py`)."""
    return make(to_array(data, dtype, copy=True), None)


def as_value(value: Any) -> Tensor:
    """A Tensor around an array or NumPy scalar, uncopied; a Tensor as it is."""
    return value if isinstance(value, Tensor) else make(np.asarray(value), None)


def payload(value: Any) -> Any:
    """What a node keeps of a value: the array of a level-0 tensor; a transform's value without its place in the graph."""
    if not isinstance(value, Tensor):
        return value
    return value.array if value.level == 0 else value.with_node(None)


def rebuild(kept: Any, node: Node) -> Tensor:
    """The Tensor that a node kept the payload of, in its old place in the graph."""
    return kept.with_node(node) if isinstance(kept, Tensor) else make(np.asarray(kept), node)


def to_array(data: Any, dtype: Any, *, copy: bool) -> Array:
    """The ndarray for what a user gave: Python floats become the default dtype, everything else keeps its own."""
    if isinstance(data, Tensor):
        if data.level:
            raise LevelError(
                f"a value of {data.transform} can't be turned into a plain tensor inside it; use it as it is."
            )
        data = data.array
    array: Array
    if isinstance(data, np.ndarray | np.generic):
        array = np.array(data, dtype=dtype, copy=True) if copy else np.asarray(data, dtype=dtype)
    else:
        data = _without_tensors(data)
        try:
            array = np.asarray(data, dtype=dtype)
        except ValueError as error:
            raise DTypeError(f"tensor: can't make an array from this: {error}") from None
        if dtype is None and array.dtype.kind in "fc" and not _has_numpy_scalar(data):
            default = get_default_dtype()
            array = array.astype(
                default if array.dtype.kind == "f" else np.result_type(default, np.complex64), copy=False
            )
    if array.dtype.kind not in "fciub":
        raise DTypeError(f"tensor: a Tensor holds numbers, not {array.dtype} ({str(data)[:60]}).")
    return array


def _without_tensors(data: Any) -> Any:
    if isinstance(data, Tensor):
        return data.detach().numpy()
    if isinstance(data, list | tuple | range):
        return [_without_tensors(item) for item in data]
    return data


def _has_numpy_scalar(data: Any) -> bool:
    """Whether the first number of nested lists brings a dtype of its own."""
    while isinstance(data, list) and data:
        data = data[0]
    return isinstance(data, np.generic | np.ndarray)


def is_recording(*values: Any) -> bool:
    """Whether an operation on these values would be recorded now."""
    return bool(STATE.grad) and any(isinstance(value, Tensor) and value.node is not None for value in values)


def is_watched(*values: Any) -> bool:
    """Whether an operation on these values would be recorded now, be it a level below."""
    return is_recording(*values) or any(isinstance(value, Tensor) and is_watched(*value.parts()) for value in values)
