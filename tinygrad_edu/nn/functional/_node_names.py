"""PyTorch's names for the nodes that composed functions end with; those of the ops themselves are in `ops/node_names.py`."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.ops.node_names import Title

_ROUND = {
    "nearest": "Nearest",
    "linear": "Linear",
    "bilinear": "Bilinear",
    "bicubic": "Bicubic",
    "trilinear": "Trilinear",
}


def _resized(x: Any, *args: Any, **kwargs: Any) -> str:
    """The node of `interpolate`, by mode and number of axes."""
    mode = kwargs.get("mode", args[2] if len(args) > 2 else "nearest")
    return f"Upsample{_ROUND.get(mode, mode.title().replace('-', ''))}{x.ndim - 2}DBackward0"


def _sampled(x: Any, *_: Any, **__: Any) -> str:
    return f"GridSampler{x.ndim - 2}DBackward0"


def _padded(x: Any, pad: Any, mode: str = "constant", value: Any = None) -> str:
    names = {"constant": "ConstantPadNd", "reflect": f"ReflectionPad{len(pad) // 2}D", "circular": "Copy"}
    return f"{names.get(mode, f'ReplicationPad{len(pad) // 2}D')}Backward0"


def _pooled(name: str, rank: int) -> Title:
    # PyTorch pools one axis as two, with an axis more that is taken away again.
    return "SqueezeBackward1" if rank == 1 else f"{name}{rank}D{'WithIndices' if name == 'MaxPool' else ''}Backward0"


def _averaged(x: Any, output_size: Any, *_: Any, **__: Any) -> str:
    whole = output_size == 1 or (isinstance(output_size, tuple | list) and set(output_size) == {1})
    return "MeanBackward1" if whole else f"AdaptiveAvgPool{x.ndim - 2}DBackward0"


FUNCTIONS: dict[str, Title] = {
    "affine_grid": "AffineGridGeneratorBackward0", "grid_sample": _sampled,
    "celu": "CeluBackward0", "selu": "EluBackward0", "mish": "MishBackward0", "hardsigmoid": "HardsigmoidBackward0",
    "hardswish": "HardswishBackward0", "hardshrink": "HardshrinkBackward0", "softshrink": "SoftshrinkBackward0",
    "logsigmoid": "LogSigmoidBackward0", "threshold": "ThresholdBackward0", "glu": "GluBackward0",
    "prelu": "PreluKernelBackward0", "mse_loss": "MseLossBackward0", "smooth_l1_loss": "SmoothL1LossBackward0",
    "huber_loss": "HuberLossBackward0", "binary_cross_entropy": "BinaryCrossEntropyBackward0",
    "binary_cross_entropy_with_logits": "BinaryCrossEntropyWithLogitsBackward0", "nll_loss": "NllLossBackward0",
    "soft_margin_loss": "SoftMarginLossBackward0", "multi_margin_loss": "MultiMarginLossBackward0",
    "multilabel_margin_loss": "MultilabelMarginLossBackward0", "pairwise_distance": "NormBackward1",
    "layer_norm": "NativeLayerNormBackward0", "batch_norm": "NativeBatchNormBackward0",
    "group_norm": "NativeGroupNormBackward0", "instance_norm": "ViewBackward0", "rms_norm": "MulBackward0",
    "unfold": "Im2ColBackward0", "fold": "Col2ImBackward0", "pixel_shuffle": "PixelShuffleBackward0",
    "pixel_unshuffle": "PixelUnshuffleBackward0", "interpolate": _resized, "pad": _padded,
    **{f"conv_transpose{rank}d": "ConvolutionBackward0" for rank in (1, 2, 3)},
    **{f"max_pool{rank}d": _pooled("MaxPool", rank) for rank in (1, 2, 3)},
    **{f"avg_pool{rank}d": _pooled("AvgPool", rank) for rank in (1, 2, 3)},
    **{f"adaptive_max_pool{rank}d": _pooled("AdaptiveMaxPool", rank) for rank in (1, 2, 3)},
    "adaptive_avg_pool1d": "SqueezeBackward1", "adaptive_avg_pool2d": _averaged, "adaptive_avg_pool3d": _averaged,
}  # fmt: skip
