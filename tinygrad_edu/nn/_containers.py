"""Modules made of modules: one after the other, in a list, or by name."""

from __future__ import annotations

import operator
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, Self

from tinygrad_edu.nn._module import MODULE, Module


class _Numbered(Module):
    """Modules named "0", "1", …: what Sequential and ModuleList have in common."""

    def _list(self) -> list[Any]:
        own = self.__dict__
        return [own[name] for name, kind in self._kinds.items() if kind == MODULE]

    def _replace_all(self, modules: Iterable[Module]) -> None:
        new = list(modules)
        for name in list(self._modules):
            delattr(self, name)
        for i, module in enumerate(new):
            self.add_module(str(i), module)

    def _name(self, index: Any) -> str:
        names = list(self._modules)
        i = operator.index(index)
        if not -len(names) <= i < len(names):
            raise IndexError(f"{type(self).__name__}: index {i} is out of range, there are {len(names)} modules.")
        return names[i]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            part = type(self).__new__(type(self))
            Module.__init__(part)
            for name in list(self._modules)[index]:
                part.add_module(name if isinstance(self, Sequential) else str(len(part)), getattr(self, name))
            return part
        return getattr(self, self._name(index))

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name(index), module)

    def __delitem__(self, index: Any) -> None:
        kept = self._list()
        del kept[index]
        self._replace_all(kept)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._list())

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end."""
        for module in list(modules):
            self.append(module)
        return self

    __iadd__ = extend

    def insert(self, index: int, module: Module) -> Self:
        """Add a module before the one at `index`."""
        modules = self._list()
        modules.insert(index, module)
        self._replace_all(modules)
        return self


class Sequential(_Numbered):
    """Modules one after the other, each applied to what the one before gave: `Sequential(a, b)(x)` is `b(a(x))`.

    Takes modules, or one dict of them by name.
    """

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        named = modules[0].items() if len(modules) == 1 and isinstance(modules[0], Mapping) else enumerate(modules)
        for name, module in named:
            self.add_module(str(name), module)

    def forward(self, x: Any) -> Any:
        for module in self._list():
            x = module(x)
        return x


class ModuleList(_Numbered):
    """A list whose modules are found by `parameters()` and the rest, which those in a Python list are not."""

    counts_equal_neighbours = True

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)


class ModuleDict(Module):
    """A dict whose modules are found by `parameters()` and the rest, which those in a Python dict are not."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def keys(self) -> KeysView[str]:
        return self._modules.keys()

    def values(self) -> ValuesView[Any]:
        return self._modules.values()

    def items(self) -> ItemsView[str, Any]:
        return self._modules.items()

    def pop(self, key: str) -> Any:
        """Take a module out and return it."""
        module = self[key]
        del self[key]
        return module

    def update(self, modules: Any) -> None:
        """Add modules from a dict, or from pairs of name and module."""
        for key, module in modules.items() if isinstance(modules, Mapping) else modules:
            self[key] = module
