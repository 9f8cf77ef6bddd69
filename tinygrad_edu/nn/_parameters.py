"""Parameters in a list or by name, found by `parameters()` and the rest, which those in a Python list or dict are not."""

from __future__ import annotations

import operator
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, Self

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import UnsupportedError
from tinygrad_edu.nn._module import PARAMETER, Module
from tinygrad_edu.nn._parameter import Parameter
from tinygrad_edu.ops import printing


class _Held(Module):
    """What both have in common: parameters under names, printed by their sizes."""

    def _put(self, name: str, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise UnsupportedError(
                f"{type(self).__name__}: expected a Parameter or a Tensor, not {type(value).__name__}."
            )
        # Any other tensor is made a parameter, which shares its memory.
        self.register_parameter(name, value if isinstance(value, Parameter) else Parameter(value))

    def _all(self) -> dict[str, Any]:
        own = self.__dict__
        return {name: own[name] for name, kind in self._kinds.items() if kind == PARAMETER}

    def _type_name(self, parameter: Parameter) -> str:
        raise NotImplementedError

    def extra_repr(self) -> str:
        return "\n".join(
            f"  ({name}): Parameter containing: [{self._type_name(p)} of size {'x'.join(map(str, p.shape))}]"
            for name, p in self._all().items()
        )

    def __len__(self) -> int:
        return len(self._all())


class ParameterList(_Held):
    """A list of parameters: `ParameterList([Parameter(a), Parameter(b)])`. A plain Tensor in it becomes a parameter."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__()
        self.extend(values)

    def _type_name(self, parameter: Parameter) -> str:
        return f"{printing.dtype_prefix}{parameter.dtype}"

    def _name(self, index: Any) -> str:
        i, size = operator.index(index), len(self)
        if not -size <= i < size:
            raise IndexError(f"ParameterList: index {i} is out of range, there are {size} parameters.")
        return str(i % size)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name(index))

    def __setitem__(self, index: int, value: Any) -> None:
        self._put(self._name(index), value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all().values())

    def append(self, value: Any) -> Self:
        """Add a parameter at the end."""
        self._put(str(len(self)), value)
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add parameters at the end."""
        for value in list(values):
            self.append(value)
        return self

    __iadd__ = extend


class ParameterDict(_Held):
    """A dict of parameters: `ParameterDict({"scale": Parameter(a)})`. A plain Tensor in it becomes a parameter."""

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        if parameters is not None:
            self.update(parameters)

    def _type_name(self, parameter: Parameter) -> str:
        return str(parameter.type())

    def __getitem__(self, key: str) -> Any:
        return self._all()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._put(key, value)

    def __delitem__(self, key: str) -> None:
        delattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __contains__(self, key: object) -> bool:
        return key in self._all()

    def keys(self) -> KeysView[str]:
        return self._all().keys()

    def values(self) -> ValuesView[Any]:
        return self._all().values()

    def items(self) -> ItemsView[str, Any]:
        return self._all().items()

    def pop(self, key: str) -> Any:
        """Take a parameter out and return it."""
        parameter = self[key]
        del self[key]
        return parameter

    def update(self, parameters: Any) -> None:
        """Add parameters from a dict, or from pairs of name and parameter."""
        for key, value in parameters.items() if isinstance(parameters, Mapping) else parameters:
            self[key] = value
