"""Convolutions."""

from __future__ import annotations

from tests.nn.rows import row, x

ROWS = [
    row(lambda nn: nn.Conv1d(3, 4, 3), x(2, 3, 8)),
    row(lambda nn: nn.Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2), x(2, 4, 9)),
    row(lambda nn: nn.Conv1d(2, 3, 1, bias=False), x(2, 5)),
    row(lambda nn: nn.Conv1d(2, 2, 4, padding="same", padding_mode="circular"), x(2, 2, 7)),
    row(lambda nn: nn.Conv2d(1, 8, 3, padding=1), x(2, 1, 6, 5)),
    row(lambda nn: nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(0, 1)), x(3, 2, 7, 6)),
    row(lambda nn: nn.Conv2d(4, 4, 3, padding=2, dilation=2, groups=4), x(2, 4, 6, 6)),
    row(lambda nn: nn.Conv2d(4, 6, 3, 1, "same", 1, 2), x(2, 4, 5, 6)),
    row(lambda nn: nn.Conv2d(3, 2, 4, padding="same", dilation=(1, 2)), x(2, 3, 9, 8)),
    row(lambda nn: nn.Conv2d(3, 2, 2, padding="valid", bias=False), x(3, 5, 4)),
    row(lambda nn: nn.Conv2d(3, 5, 1), x(2, 3, 4, 4)),
    row(lambda nn: nn.Conv2d(3, 5, 1, stride=2), x(2, 3, 5, 4)),
    row(lambda nn: nn.Conv2d(3, 2, 4, 4), x(2, 3, 9, 10)),
    row(lambda nn: nn.Conv2d(2, 3, 3, padding=(1, 2), padding_mode="reflect"), x(2, 2, 5, 6)),
    row(lambda nn: nn.Conv2d(2, 3, 3, padding=1, padding_mode="replicate"), x(2, 2, 5, 6)),
    row(lambda nn: nn.Conv2d(2, 3, 3, padding=(2, 1), padding_mode="circular"), x(2, 2, 5, 6)),
    row(lambda nn: nn.Conv3d(2, 3, 2, padding=1), x(2, 2, 3, 4, 3)),
    row(lambda nn: nn.Conv3d(2, 4, (1, 2, 3), stride=(1, 2, 1), groups=2), x(2, 2, 3, 4, 4)),
    row(lambda nn: nn.ConvTranspose1d(3, 4, 3), x(2, 3, 5)),
    row(lambda nn: nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), x(2, 4, 5)),
    row(lambda nn: nn.ConvTranspose2d(3, 2, 4, 2, 1), x(2, 3, 4, 5)),
    row(lambda nn: nn.ConvTranspose2d(3, 2, 4, 2, 1, bias=False), x(3, 4, 5)),
    row(lambda nn: nn.ConvTranspose2d(4, 2, 3, 2, 1, 1, 2), x(2, 4, 3, 4)),
    row(lambda nn: nn.ConvTranspose2d(2, 3, 2, 1, 0, 2, dilation=3), x(2, 2, 3, 4)),
    row(lambda nn: nn.ConvTranspose2d(2, 3, (3, 2), stride=(1, 3), dilation=(2, 1)), x(2, 2, 3, 4)),
    row(lambda nn: nn.ConvTranspose3d(2, 3, 2, stride=2), x(1, 2, 2, 3, 2)),
    row(lambda nn: nn.Unfold(3, padding=1), x(2, 2, 4, 5)),
    row(lambda nn: nn.Unfold((2, 3), dilation=(1, 2), stride=(2, 1)), x(2, 2, 5, 6)),
    row(lambda nn: nn.Fold((4, 5), 3, padding=1), x(2, 18, 20)),
    row(lambda nn: nn.Fold((4, 6), (2, 3), stride=(2, 3)), x(12, 4)),
]

FUNCTIONS = [
    ("conv1d", (x(2, 3, 8), x(4, 3, 3)), {}),
    ("conv2d", (x(2, 3, 6, 5), x(4, 3, 3, 2), x(4)), {"padding": "same"}),
    ("conv2d", (x(2, 3, 6, 5), x(3, 1, 3, 3)), {"groups": 3, "stride": 2, "padding": (1, 0)}),
    ("conv_transpose2d", (x(2, 3, 4, 5), x(3, 2, 3, 3), x(2)), {"stride": 2, "output_padding": 1}),
    ("unfold", (x(3, 5, 4), (2, 2)), {}),
    ("conv1d", (x(4, 9), x(6, 2, 3), x(6)), {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}),
    ("conv3d", (x(2, 2, 3, 4, 3), x(3, 2, 2, 2, 2), x(3)), {"padding": 1}),
    ("conv_transpose1d", (x(2, 4, 5), x(4, 3, 3)), {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2}),
    ("conv_transpose3d", (x(1, 2, 2, 3, 2), x(2, 3, 2, 2, 2), x(3)), {"stride": 2, "dilation": 2}),
    ("fold", (x(2, 18, 20), (4, 5), 3), {"padding": 1}),
]
