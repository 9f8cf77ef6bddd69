"""Models spread over devices and machines: there is one device, so the first passes through and the second is refused."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import NotHereError
from tinygrad_edu.nn._module import Module


class DataParallel(Module):
    """The module itself, as on a PyTorch without CUDA; its state_dict has the prefix `module.`."""

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        self.module = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)


class DistributedDataParallel(Module):
    """Raises NotHereError: there is one process."""

    def __init__(self, module: Module, *_: Any, **__: Any) -> None:
        raise NotHereError("DistributedDataParallel: there is one process here; use the module itself.")
