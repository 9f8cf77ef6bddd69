"""`Stateless`: a function as a module. Most layers without parameters are one entry each in the files that use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.nn._module import Module

REQUIRED = object()
"""Instead of a default: the option must be given."""


class Stateless(Module):
    """A function of the input and of options that are kept as attributes, in the order in which they may be given."""

    function: ClassVar[Callable[..., Any]]
    options: ClassVar[dict[str, Any]] = {}  # name -> default
    shown: ClassVar[str | None] = None  # how the options print, where it isn't `name=value` of all

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__()
        self.__dict__.update(self._given(values, named))

    def _given(self, values: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        """The value of every option, from what the module was made with."""
        given = dict(zip(self.options, values, strict=False)) | named
        found = self.options | given
        missing = any(value is REQUIRED for value in found.values())
        if len(values) > len(self.options) or not given.keys() <= self.options.keys() or missing:
            raise ConfigError(
                f"{type(self).__name__}: takes {', '.join(self.options) or 'nothing'}; got "
                f"{', '.join([*map(repr, values), *(f'{k}={v!r}' for k, v in named.items())]) or 'nothing'}."
            )
        return found

    def forward(self, x: Any) -> Any:
        own = self.__dict__
        return self.function(x, *[own[name] for name in self.options])

    def extra_repr(self) -> str:
        own = {name: getattr(self, name) for name in self.options}
        if self.shown is not None:
            return self.shown.format(**own)
        # As in PyTorch, `inplace` is worth a word only where it is set.
        if not own.get("inplace", True):
            del own["inplace"]
        return ", ".join(f"{name}={value!r}" for name, value in own.items())
