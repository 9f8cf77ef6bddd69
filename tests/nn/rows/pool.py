"""Pools."""

from __future__ import annotations

import numpy as np

from tests.nn.rows import row, x

TIES = np.array([[[[1.0, 1, 0, 2], [1, 1, 2, 2], [3, 0, 5, 5], [3, 3, 5, 5]]]])


def unpooled(rank, data, size=None):
    """What a maximum pool took, put back where it was."""

    def call(lib, unpool, given):
        y, indices = getattr(lib.nn, f"MaxPool{rank}d")(2, return_indices=True)(given[0])
        return unpool(y, indices) if size is None else unpool(y, indices, output_size=size)

    return row(lambda nn: getattr(nn, f"MaxUnpool{rank}d")(2), data, call=call)


ROWS = [
    row(lambda nn: nn.MaxPool1d(2), x(2, 3, 8)),
    row(lambda nn: nn.MaxPool1d(3, stride=2, padding=1, dilation=2), x(2, 3, 9)),
    row(lambda nn: nn.MaxPool2d(2), x(2, 3, 6, 8)),
    row(lambda nn: nn.MaxPool2d(2), x(2, 3, 5, 7)),
    row(lambda nn: nn.MaxPool2d(2), TIES),
    row(lambda nn: nn.MaxPool2d(3, 1, 1), TIES),
    row(lambda nn: nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), x(3, 6, 7)),
    row(lambda nn: nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True), x(2, 3, 6, 8)),
    row(lambda nn: nn.MaxPool2d(2, 2, 1, ceil_mode=True), x(2, 3, 5, 6)),
    row(lambda nn: nn.MaxPool3d(2), x(2, 2, 4, 5, 4)),
    row(lambda nn: nn.AvgPool1d(3, 2, 1), x(2, 3, 9)),
    row(lambda nn: nn.AvgPool1d(2), x(3, 9)),
    row(lambda nn: nn.AvgPool2d(2), x(2, 3, 6, 7)),
    row(lambda nn: nn.AvgPool2d(3, stride=2, padding=1), x(2, 3, 6, 7)),
    row(lambda nn: nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False, ceil_mode=True), x(2, 3, 6, 8)),
    row(lambda nn: nn.AvgPool2d((3, 2), stride=2, padding=1, ceil_mode=True), x(2, 3, 6, 8)),
    row(lambda nn: nn.AvgPool2d(2, divisor_override=3), x(2, 3, 6, 7)),
    row(lambda nn: nn.AvgPool3d(2, 1), x(2, 2, 3, 4, 3)),
    row(lambda nn: nn.LPPool1d(2, 3), x(2, 3, 9)),
    row(lambda nn: nn.LPPool2d(2, 2, stride=1), x(2, 3, 4, 5)),
    row(
        lambda nn: nn.LPPool2d(3.0, (2, 3), ceil_mode=True),
        x(2, 3, 5, 5),
        call=lambda lib, pool, given: pool(given[0].abs()),
    ),
    row(lambda nn: nn.LPPool3d(2, 2), x(2, 2, 4, 5, 4)),
    unpooled(1, x(2, 3, 8)),
    unpooled(2, x(2, 3, 6, 8)),
    unpooled(2, x(2, 3, 7, 8), (7, 8)),
    unpooled(3, x(2, 2, 4, 4, 6)),
    row(lambda nn: nn.AdaptiveAvgPool1d(3), x(2, 3, 7)),
    row(lambda nn: nn.AdaptiveAvgPool2d(1), x(2, 3, 6, 7)),
    row(lambda nn: nn.AdaptiveAvgPool2d((3, 7)), x(2, 3, 6, 7)),
    row(lambda nn: nn.AdaptiveAvgPool2d((4, None)), x(2, 3, 6, 7)),
    row(lambda nn: nn.AdaptiveAvgPool2d((5, 8)), x(3, 6, 7)),
    row(lambda nn: nn.AdaptiveAvgPool3d((2, 3, 1)), x(2, 2, 5, 4, 3)),
    row(lambda nn: nn.AdaptiveMaxPool1d(3), x(2, 3, 7)),
    row(lambda nn: nn.AdaptiveMaxPool2d((3, None)), x(2, 3, 7, 5)),
    row(lambda nn: nn.AdaptiveMaxPool2d(2), TIES),
    row(lambda nn: nn.AdaptiveMaxPool3d(2), x(2, 2, 5, 4, 3)),
]

FUNCTIONS = [
    ("max_pool1d", (x(2, 3, 9), 3), {"stride": 2, "padding": 1, "return_indices": True}),
    ("max_pool2d", (x(2, 3, 6, 8), 2), {"return_indices": True}),
    ("max_pool2d", (TIES, 3), {"stride": 1, "padding": 1, "return_indices": True}),
    ("max_pool2d", (x(3, 6, 8), (3, 2)), {"dilation": (2, 1), "ceil_mode": True, "return_indices": True}),
    ("max_pool3d", (x(2, 3, 4, 4, 5), 2), {"return_indices": True}),
    ("avg_pool2d", (x(2, 3, 6, 8), 3), {"padding": 1}),
    ("lp_pool1d", (x(2, 3, 8), 2, 3), {}),
    ("adaptive_max_pool1d", (x(2, 3, 7), 3), {"return_indices": True}),
    ("adaptive_max_pool2d", (x(2, 3, 7, 6), (3, 4)), {"return_indices": True}),
    ("max_pool1d", (x(3, 9), 2), {}),
    ("max_pool3d", (x(2, 3, 4, 4, 5), (2, 1, 2)), {}),
    ("max_unpool1d", (x(2, 3), np.array([[1, 2, 5], [0, 3, 4]]), 2), {}),
    ("max_unpool2d", (x(1, 1, 2, 2), np.array([[[[0, 3], [9, 14]]]]), 2), {}),
    ("max_unpool2d", (x(1, 1, 2, 2), np.array([[[[0, 3], [9, 14]]]]), 2), {"output_size": (5, 4)}),
    ("max_unpool3d", (x(1, 1, 1, 1, 2), np.array([[[[[0, 7]]]]]), 2), {}),
    ("avg_pool1d", (x(2, 3, 9), 3), {"stride": 2, "padding": 1, "count_include_pad": False}),
    ("avg_pool2d", (x(2, 3, 6, 8), 3), {"divisor_override": 2, "ceil_mode": True}),
    ("avg_pool3d", (x(2, 2, 3, 4, 3), 2), {"stride": 1}),
    ("lp_pool2d", (x(2, 3, 4, 5), 2, 2), {"stride": 1}),
    ("lp_pool3d", (x(2, 2, 4, 5, 4), 2, 2), {"ceil_mode": True}),
    ("adaptive_max_pool3d", (x(2, 2, 5, 4, 3), 2), {"return_indices": True}),
    ("adaptive_avg_pool1d", (x(2, 3, 7), 3), {}),
    ("adaptive_avg_pool2d", (x(2, 3, 6, 7), (4, None)), {}),
    ("adaptive_avg_pool3d", (x(2, 2, 5, 4, 3), (2, 3, 1)), {}),
    ("max_pool1d_with_indices", (x(2, 3, 9), 3), {"stride": 2}),
    ("max_pool2d_with_indices", (x(2, 3, 6, 8), 2), {}),
    ("max_pool3d_with_indices", (x(2, 3, 4, 4, 5), 2), {}),
    ("adaptive_max_pool1d_with_indices", (x(2, 3, 7), 3), {}),
    ("adaptive_max_pool2d_with_indices", (x(2, 3, 7, 6), (3, 4)), {}),
    ("adaptive_max_pool3d_with_indices", (x(2, 2, 5, 4, 3), 2), {}),
]
