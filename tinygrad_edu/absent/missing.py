"""Whole modules of PyTorch that aren't part of this library: each can be imported, and its names say so when they are used."""

from __future__ import annotations

import sys
from types import ModuleType

from tinygrad_edu.absent import refuse
from tinygrad_edu.names import no_such_name, submodule

_PRUNING = (
    "pruning isn't part of this library. To hold weights at zero, multiply them by a mask in a parametrization "
    "(nn.utils.parametrize.register_parametrization)."
)
_FLEX = (
    "there is no compiler here that would make one kernel of a score function. F.scaled_dot_product_attention takes a mask or an "
    "additive score as attn_mask."
)
_QUANTIZATION = (
    "quantization isn't part of this library: tensors hold floating numbers, and there are no kernels for small integers. Export "
    "the model (to_onnx) and quantize it there."
)
_ONE_PROCESS = "there is one process here, and no way to others. Ask distributed.is_available() first, which is False."

_QUANTIZING = (
    "DeQuantStub FakeQuantize HistogramObserver MinMaxObserver MovingAverageMinMaxObserver PerChannelMinMaxObserver QConfig "
    "QConfigMapping QuantStub QuantWrapper convert default_dynamic_qconfig default_observer default_per_channel_qconfig "
    "default_qconfig default_weight_observer disable_fake_quant disable_observer enable_fake_quant enable_observer "
    "float16_dynamic_qconfig fuse_modules fuse_modules_qat get_default_qat_qconfig get_default_qat_qconfig_mapping "
    "get_default_qconfig get_default_qconfig_mapping per_channel_dynamic_qconfig prepare prepare_qat quantize quantize_dynamic "
    "quantize_qat"
)
_QUANTIZED = (
    "Conv1d Conv2d Conv3d DeQuantize Embedding EmbeddingBag FloatFunctional Linear LSTM QFunctional Quantize ReLU6"
)

MODULES: dict[str, tuple[str, str]] = {  # where it is imported from: why there is none, and its names
    "nn.utils.prune": (
        _PRUNING,
        "BasePruningMethod CustomFromMask Identity L1Unstructured LnStructured PruningContainer RandomStructured "
        "RandomUnstructured custom_from_mask global_unstructured identity is_pruned l1_unstructured ln_structured "
        "random_structured random_unstructured remove",
    ),
    "nn.attention.flex_attention": (
        _FLEX,
        "AuxOutput AuxRequest BlockMask FlexKernelOptions and_masks create_block_mask create_mask create_nested_block_mask "
        "flex_attention noop_mask or_masks",
    ),
    "quantization": (_QUANTIZATION, " ".join(name for name in _QUANTIZING.split() if not name.endswith("apping"))),
    "ao.quantization": (_QUANTIZATION, _QUANTIZING),
    "ao.nn.quantized": (_QUANTIZATION, _QUANTIZED),
    "nn.quantized": (_QUANTIZATION, _QUANTIZED),
    "distributed.fsdp": (_ONE_PROCESS, "CPUOffload FullyShardedDataParallel MixedPrecision ShardingStrategy fully_shard"),
    "distributed.rpc": (_ONE_PROCESS, "init_rpc remote rpc_async rpc_sync shutdown"),
    "distributed.tensor": (_ONE_PROCESS, "DTensor Replicate Shard distribute_module distribute_tensor"),
    "multiprocessing": (
        "tensors aren't shared between processes here; utils.data.DataLoader(num_workers=…) has its own. For other work there is "
        "Python's multiprocessing.",
        "Manager Pool Process Queue get_context set_sharing_strategy set_start_method spawn start_processes",
    ),
}  # fmt: skip


def publish(package: str) -> None:
    """Make all of them importable below `package`, with what lies between."""
    for path, (why, names) in MODULES.items():
        above = package
        for part in path.split(".")[:-1]:
            _within(above, part)
            above += f".{part}"
        full = f"{package}.{path}"
        module = _within(above, path.rpartition(".")[2], f"PyTorch's `{path}`: {why}")
        refused = {name: refuse(f"{path}.{name}", why) for name in names.split()}
        vars(module).update(refused, __all__=list(refused), __getattr__=no_such_name(full))


def _within(parent: str, name: str, doc: str = "") -> ModuleType:
    """The module `parent.name`, made if there is none."""
    full = f"{parent}.{name}"
    if full not in sys.modules:
        setattr(
            sys.modules[parent], name, submodule(full, doc or f"PyTorch's place for some of what is in `{parent}`.")
        )
    return sys.modules[full]
