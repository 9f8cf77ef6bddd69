"""The graph of an ONNX model while it is being made: its nodes, its constants, and names for both."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import DTypeError

OPSET = 20
_IR = 9  # of the release that brought this opset, so that older programs read the file


class Builder:
    """`names` are those of the arrays that have one, by their id."""

    def __init__(self, onnx: Any, names: dict[int, str]) -> None:
        self.onnx = onnx
        self.names = names
        self.nodes: list[Any] = []
        self.constants: dict[Any, tuple[str, Any]] = {}
        self.initializers: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.count = 0

    def kind(self, dtype: Any) -> Any:
        try:
            return self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        except (KeyError, ValueError):
            raise DTypeError(f"to_onnx: ONNX has no dtype {dtype}.") from None

    def node(self, operator: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        """Add an operator; its output's name, or several names. An array among the inputs becomes a constant."""
        given = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        made = [self._fresh(operator.lower()) for _ in range(outputs)]
        self.nodes.append(self.onnx.helper.make_node(operator, given, made, name=made[0], **attributes))
        return made[0] if outputs == 1 else made

    def _fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}_{self.count}"

    def constant(self, value: Any, dtype: Any = None) -> str:
        """The name of a constant: a parameter's own, or a new one."""
        array = value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value, dtype)
        small = array.size <= 16
        key = (array.dtype.str, array.shape, array.tobytes()) if small and id(array) not in self.names else id(array)
        if key not in self.constants:
            name = self.names.get(id(array)) or self._fresh("constant")
            self.constants[key] = name, array  # kept, so that its id stays its own
            self.kind(array.dtype)
            self.initializers.append(
                self.onnx.numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
            )
        return self.constants[key][0]

    def input(self, name: str, x: Tensor) -> str:
        self.inputs.append(self.onnx.helper.make_tensor_value_info(name, self.kind(x.dtype), x.shape))
        return name

    def output(self, name: str, source: str, value: Any) -> None:
        self.nodes.append(self.onnx.helper.make_node("Identity", [source], [name]))
        self.outputs.append(self.onnx.helper.make_tensor_value_info(name, self.kind(value.dtype), value.shape))

    def model(self) -> Any:
        helper = self.onnx.helper
        graph = helper.make_graph(self.nodes, "model", self.inputs, self.outputs, self.initializers)
        made = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR, producer_name="tinygrad_edu"
        )
        self.onnx.checker.check_model(made, full_check=True)
        return made
