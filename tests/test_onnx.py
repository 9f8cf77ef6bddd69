"""Models as ONNX files: onnxruntime computes from them what the models compute."""

from __future__ import annotations

import io

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import CheckpointError, ConfigError, UnsupportedError
from tinygrad_edu.nn import functional as F

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


class Attention(nn.Module):
    def __init__(self, causal):
        super().__init__()
        self.causal = causal
        self.qkv = nn.Linear(8, 24)

    def forward(self, x):
        q, k, v = (t.view(2, 5, 2, 4).transpose(1, 2) for t in self.qkv(x).split(8, dim=2))
        return F.scaled_dot_product_attention(q, k, v, is_causal=self.causal).transpose(1, 2).reshape(2, 5, 8)


class Indexed(nn.Module):
    def forward(self, x, i):
        table = x[:, 1:4:2, None, -1]
        return table, x[..., ::-2] + 1, x[i], x[:, i], {"where": tg.where(x > 0, x, -x)}, x[1, :, 2]


class TinyGPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(11, 8), nn.Embedding(5, 8)
        self.block = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu", norm_first=True)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.wte.weight

    def forward(self, i):
        x = self.wte(i) + self.wpe(tg.arange(5))
        mask = nn.Transformer.generate_square_subsequent_mask(5)
        return self.head(self.block(x, mask)).softmax(-1)


def image(*shape):
    return tg.randn(*shape, generator=tg.Generator().manual_seed(1))


MODELS = {
    "mlp": (lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 3), nn.Softmax(-1)), image(2, 4)),
    "mlp of three axes": (lambda: nn.Sequential(nn.Linear(4, 8, bias=False), nn.Tanh(), nn.Linear(8, 3)), image(2, 3, 4)),
    "float64": (lambda: nn.Linear(4, 3).double(), image(2, 4).double()),
    "cnn": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, groups=2),
            nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4, 3), nn.LogSoftmax(1),
        ),
        image(2, 1, 17, 16),
    ),
    "convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(2, 0), dilation=(2, 1)), nn.MaxPool2d(3, 2, padding=1),
            nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1, output_padding=1), nn.AvgPool2d(3, 2, padding=1),
            nn.GroupNorm(2, 2), nn.AdaptiveAvgPool2d(1),
        ),
        image(2, 2, 13, 12),
    ),
    "one axis": (lambda: nn.Sequential(nn.Conv1d(2, 4, 3, padding="same"), nn.MaxPool1d(2), nn.ZeroPad1d(1)), image(2, 2, 9)),
    "activations": (
        lambda: nn.Sequential(
            nn.GELU(), nn.SiLU(), nn.Softplus(), nn.LeakyReLU(), nn.ELU(), nn.Hardtanh(), nn.ReLU6(), nn.Hardswish(),
            nn.GELU("tanh"), nn.Sigmoid(), nn.Mish(), nn.SELU(), nn.Softsign(),
        ),
        image(3, 4) * 3,
    ),
    "attention": (lambda: Attention(False), image(2, 5, 8)),
    "causal attention": (lambda: Attention(True), image(2, 5, 8)),
    "encoder": (lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), image(2, 5, 8)),
    "gpt": (TinyGPT, tg.tensor([[1, 5, 0, 10, 3], [2, 2, 7, 4, 9]])),
    "lstm": (lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True), image(5, 2, 3)),
    "gru": (lambda: nn.GRU(3, 4, batch_first=True), image(2, 5, 3)),
    "indexing": (Indexed, (image(3, 5, 4), tg.tensor([2, 0]))),
    "a function": (
        lambda: lambda x: (x.var(1).log1p() + x.exp().sum(1).sqrt() - x.amax(1)).clamp(0, 9) / x.argmax(1).add(1),
        image(3, 4),
    ),
}  # fmt: skip


def leaves(result):
    if isinstance(result, dict):
        return [leaf for value in result.values() for leaf in leaves(value)]
    if isinstance(result, tuple | list):
        return [leaf for value in result for leaf in leaves(value)]
    return [result.detach().numpy()]


@pytest.mark.parametrize("name", MODELS)
def test_onnxruntime_computes_what_the_model_does(name, tmp_path):
    make, example = MODELS[name]
    tg.manual_seed(0)
    model = make()
    path = tmp_path / "model.onnx"
    tg.to_onnx(model, example, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    arguments = example if isinstance(example, tuple) else (example,)
    found = session.run(None, {put.name: x.numpy() for put, x in zip(session.get_inputs(), arguments, strict=True)})
    if hasattr(model, "training"):
        assert model.training
        model.eval()
    for ours, theirs in zip(leaves(model(*arguments)), found, strict=True):
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        np.testing.assert_allclose(theirs, ours, rtol=2e-5, atol=2e-6)


def test_names_and_pytorch_s_spelling(tmp_path):
    model = nn.Linear(2, 3)
    file = io.BytesIO()
    tg.onnx.export(
        model, (image(1, 2),), file, export_params=True, opset_version=17, input_names=["x"], output_names=["y"]
    )
    made = onnx.load_model_from_string(file.getvalue())
    assert [i.name for i in made.graph.input] == ["x"] and [o.name for o in made.graph.output] == ["y"]
    assert {i.name for i in made.graph.initializer} == {"weight", "bias"}


REFUSED = [
    (
        lambda: tg.to_onnx(lambda x: x if x.sum() > 0 else -x, image(2)),
        UnsupportedError,
        r"looks at a value, at .*test_onnx.py",
    ),
    (lambda: tg.to_onnx(tg.linalg.inv, image(2, 2)), UnsupportedError, r"ONNX has no operator for inv, called at"),
    (lambda: tg.onnx.export(abs, image(2), dynamic_axes={"x": [0]}), UnsupportedError, "leave out dynamic_axes"),
    (lambda: tg.to_onnx(abs, image(2), input_names=["a", "b"]), ConfigError, "2 input_names for 1 inputs"),
    (lambda: tg.to_onnx(abs, image(2), "no/such/folder.onnx"), CheckpointError, "to_onnx: .* can't be written"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[m[:30] for *_, m in REFUSED])
def test_what_cannot_be_exported_is_said(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
