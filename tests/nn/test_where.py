"""An input that doesn't fit into a layer deep in a model: the error says which layer, what it takes and what it got."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import DataError, DTypeError, ShapeError


def z(*shape):
    return tg.zeros(*shape)


def n(*shape, of=0):
    return tg.full(shape, of, dtype=tg.int64)


class Inner(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layers = nn.ModuleList([nn.Identity(), layer])

    def forward(self, *args):
        return self.layers[1](*args)


class Model(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.encoder = Inner(layer)

    def forward(self, *args):
        return self.encoder(*args)


# layer, inputs, the error, what it says behind the layer's name: expected and got
CASES = [
    (lambda: nn.Linear(16, 32), (z(4, 8),), ShapeError, ["Linear(in_features=16, out_features=32", "(4, 8)", "16 features"]),
    (lambda: nn.Linear(16, 32), (z(),), ShapeError, ["Linear(", "shape ()", "16 features"]),
    (lambda: nn.Bilinear(2, 3, 4), (z(5, 2), z(5, 4)), ShapeError, ["Bilinear(", "(5, 4)", "(4, 2, 3)"]),
    (lambda: nn.Conv1d(3, 4, 3), (z(2, 2, 8),), ShapeError, ["Conv1d(3, 4", "2 channels", "takes 3"]),
    (lambda: nn.Conv2d(3, 4, 3), (z(2, 1, 8, 8),), ShapeError, ["Conv2d(3, 4", "1 channels", "takes 3"]),
    (lambda: nn.Conv2d(3, 4, 3), (z(8, 8),), ShapeError, ["Conv2d(3, 4", "(N, C, H, W) or (C, H, W)", "(8, 8)"]),
    (lambda: nn.Conv2d(3, 4, 3), (z(2, 3, 2, 2),), ShapeError, ["Conv2d(3, 4", "size (2, 2)", "(3, 3)"]),
    (lambda: nn.Conv3d(3, 4, 3), (z(2, 3, 8, 8),), ShapeError, ["Conv3d(3, 4", "2 channels", "takes 3"]),
    (lambda: nn.ConvTranspose2d(3, 4, 3), (z(2, 4, 8, 8),), ShapeError, ["ConvTranspose2d(3, 4", "4 channels", "takes 3"]),
    (lambda: nn.BatchNorm1d(3), (z(4, 5),), ShapeError, ["BatchNorm1d(3", "5 channels", "(3,)"]),
    (lambda: nn.BatchNorm1d(3), (z(1, 3),), ShapeError, ["BatchNorm1d(3", "more than one value", "(1, 3)"]),
    (lambda: nn.BatchNorm2d(3), (z(4, 3),), ShapeError, ["BatchNorm2d", "4 axes", "(4, 3)"]),
    (lambda: nn.BatchNorm2d(3), (z(4, 5, 2, 2),), ShapeError, ["BatchNorm2d(3", "5 channels", "(3,)"]),
    (lambda: nn.LayerNorm(8), (z(4, 5),), ShapeError, ["LayerNorm((8,)", "(8,)", "(4, 5)"]),
    (lambda: nn.RMSNorm(8), (z(4, 5),), ShapeError, ["RMSNorm((8,)", "(8,)", "(4, 5)"]),
    (lambda: nn.GroupNorm(2, 4), (z(4, 6, 3),), ShapeError, ["GroupNorm(2, 4", "6 channels", "(4,)"]),
    (lambda: nn.InstanceNorm2d(4), (z(4, 6),), ShapeError, ["InstanceNorm2d", "3 or 4 axes", "(4, 6)"]),
    (lambda: nn.Embedding(10, 4), (n(2, of=10),), DataError, ["Embedding(10, 4)", "index 10", "0 to 9"]),
    (lambda: nn.Embedding(10, 4), (n(2, of=-1),), DataError, ["Embedding(10, 4)", "index -1", "0 to 9"]),
    (lambda: nn.Embedding(10, 4), (z(2),), DTypeError, ["Embedding(10, 4)", "integers", "float32"]),
    (lambda: nn.EmbeddingBag(10, 4), (n(1, 2, of=10),), DataError, ["EmbeddingBag(10, 4", "index 10", "0 to 9"]),
    (lambda: nn.EmbeddingBag(10, 4), (n(3),), ShapeError, ["EmbeddingBag(10, 4", "needs offsets", "(3,)"]),
    (lambda: nn.RNN(4, 5), (z(3, 2, 6),), ShapeError, ["RNN: ", "4 features", "(3, 2, 6)"]),
    (lambda: nn.LSTM(4, 5), (z(3, 2, 6),), ShapeError, ["LSTM: ", "4 features", "(3, 2, 6)"]),
    (lambda: nn.LSTM(4, 5), (z(3, 2, 4), (z(1, 3, 5), z(1, 2, 5))), ShapeError, ["LSTM: ", "(1, 2, 5)", "(1, 3, 5)"]),
    (lambda: nn.GRU(4, 5), (z(3),), ShapeError, ["GRU: ", "4 features", "(3,)"]),
    (lambda: nn.RNNCell(4, 5), (z(3, 6),), ShapeError, ["RNNCell: ", "(N, 4)", "(3, 6)"]),
    (lambda: nn.LSTMCell(4, 5), (z(3, 4), (z(2, 5), z(3, 5))), ShapeError, ["LSTMCell: ", "(3, 5)", "(2, 5)"]),
    (lambda: nn.GRUCell(4, 5), (z(3, 4), z(3, 4)), ShapeError, ["GRUCell: ", "(3, 5)", "(3, 4)"]),
    (lambda: nn.MultiheadAttention(8, 2), (z(3, 2, 6),) * 3, ShapeError, ["MultiheadAttention: ", "8 features", "(2, 3, 6)"]),
    (lambda: nn.Transformer(8, 2, 1, 1, 4), (z(3, 2, 8), z(3, 2, 6)), ShapeError, ["Transformer: ", "d_model=8", "(3, 2, 6)"]),
    (lambda: nn.MaxPool2d(4), (z(1, 1, 2, 2),), ShapeError, ["MaxPool2d(kernel_size=4", "(2, 2)", "(4, 4)"]),
    (lambda: nn.AvgPool2d(4), (z(1, 1, 2, 2),), ShapeError, ["AvgPool2d(kernel_size=4", "(2, 2)", "(4, 4)"]),
    (lambda: nn.AdaptiveAvgPool2d(2), (z(2, 2),), ShapeError, ["AdaptiveAvgPool2d(", "(N, C, H, W)", "(2, 2)"]),
    (lambda: nn.PReLU(3), (z(2, 4),), ShapeError, ["PReLU(num_parameters=3)", "(3,)", "4 channels"]),
    (lambda: nn.PixelShuffle(2), (z(1, 3, 2, 2),), ShapeError, ["PixelShuffle(upscale_factor=2)", "2²", "(1, 3, 2, 2)"]),
    (lambda: nn.Unflatten(1, (2, 3)), (z(4, 5),), ShapeError, ["Unflatten(", "20 elements", "(4, 2, 3)"]),
    (lambda: nn.GLU(), (z(4, 5),), ShapeError, ["GLU(dim=-1)", "halved", "(4, 5)"]),
    (lambda: nn.LazyLinear(4), (z(),), ShapeError, ["LazyLinear: ", "single number", "in_features"]),
    (lambda: nn.LazyConv2d(4, 3), (z(3, 3),), ShapeError, ["LazyConv2d: ", "3 or 4 axes", "(3, 3)"]),
    (lambda: nn.LazyBatchNorm2d(), (z(3, 3),), ShapeError, ["LazyBatchNorm2d: ", "4 axes", "(3, 3)"]),
    (lambda: nn.MSELoss(), (z(4, 1), z(4)), ShapeError, ["MSELoss()", "(4, 1)", "(4,)"]),
    (lambda: nn.CrossEntropyLoss(), (z(4, 3), n(5)), ShapeError, ["CrossEntropyLoss()", "(4, 3)", "(5,)"]),
    (lambda: nn.CrossEntropyLoss(), (z(4, 3), n(4, of=3)), DataError, ["CrossEntropyLoss()", "label 3", "0 to 2"]),
    (lambda: nn.NLLLoss(), (z(4, 3), n(4, of=-1)), DataError, ["NLLLoss()", "label -1", "0 to 2"]),
    (lambda: nn.BCELoss(), (z(4) + 2, z(4)), DataError, ["BCELoss()", "probabilities", "2.0"]),
    (lambda: nn.BCEWithLogitsLoss(), (z(4, 3), z(4)), ShapeError, ["BCEWithLogitsLoss()", "(4, 3)", "(4,)"]),
    (lambda: nn.KLDivLoss(), (z(4, 3), z(4)), ShapeError, ["KLDivLoss()", "(4, 3)", "(4,)"]),
    (lambda: nn.CTCLoss(), (z(4, 1, 3), n(1, 2), [4], [2]), DataError, ["CTCLoss()", "label 0", "0 to 2"]),
    (lambda: nn.TripletMarginLoss(), (z(4, 3), z(4, 2), z(4, 3)), ShapeError, ["TripletMarginLoss()", "(4, 3)", "(4, 2)"]),
    (lambda: nn.MultiMarginLoss(), (z(4, 3), n(4, of=5)), DataError, ["MultiMarginLoss()", "label 5", "0 to 2"]),
    (lambda: nn.Upsample(scale_factor=2), (z(4, 3),), ShapeError, ["Upsample(", "one to three axes", "(4, 3)"]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[3][0].split('(')[0].strip(': ')}-{case[3][2]}")
def test_the_layer_is_named_with_what_it_takes_and_what_it_got(case):
    make, inputs, error, words = case
    with pytest.raises(error) as caught:
        Model(make())(*inputs)
    said = str(caught.value)
    assert said.startswith(f"encoder.layers.1: {words[0]}"), said
    assert all(word in said for word in words[1:]), said


@pytest.mark.parametrize(
    ("layer", "inputs", "where"),
    [
        (nn.TransformerEncoderLayer(8, 2, 4), (z(3, 2, 6),), "encoder.layers.1.self_attn: MultiheadAttention: expected"),
        (nn.TransformerDecoderLayer(8, 2, 4), (z(3, 2, 8), z(3, 2, 6)), "encoder.layers.1.multihead_attn: Multihead"),
        (nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(5, 2)), (z(1, 6),), "encoder.layers.1.2: Linear(in_fea"),
    ],
)  # fmt: skip
def test_a_layer_within_a_layer_is_named_by_its_whole_path(layer, inputs, where):
    with pytest.raises(ShapeError) as caught:
        Model(layer)(*inputs)
    assert str(caught.value).startswith(where)


def test_a_layer_on_its_own_and_a_function_add_nothing():
    with pytest.raises(ShapeError, match=r"^linear: the input"):
        nn.Linear(3, 2)(z(4))
    with pytest.raises(ShapeError, match=r"^mse_loss: the input"):
        nn.MSELoss()(z(4, 1), z(4))
    with pytest.raises(ShapeError, match=r"^linear: the input"):
        nn.functional.linear(z(4), z(2, 3))


def test_every_way_to_call_a_model_tells():
    model = Model(nn.Sequential(nn.Linear(3, 2), nn.Linear(9, 2)))
    where = r"^encoder\.layers\.1\.1: Linear\(in_features=9"
    parameters = dict(model.named_parameters())
    handle = model.encoder.register_forward_hook(lambda module, args, output: None)
    for call in (
        lambda: model(z(1, 3)),
        lambda: tg.func.functional_call(model, parameters, (z(1, 3),)),
        lambda: tg.vmap(model)(z(4, 1, 3)),
        lambda: tg.func.jvp(model, (z(1, 3),), (z(1, 3),)),
        lambda: model.eval()(z(1, 3)),
    ):
        with pytest.raises(ShapeError, match=where):
            call()
    handle.remove()
    with pytest.raises(ShapeError, match=r"^module\.encoder\.layers\.1\.1: "):
        nn.DataParallel(model)(z(1, 3))


def test_an_error_of_an_operation_in_a_module_of_the_users():
    class Mine(nn.Module):
        def forward(self, x):
            return x @ tg.ones(5, 5)

    with pytest.raises(ShapeError, match=r"^encoder\.layers\.1: Mine\(\): matmul: shapes \(2, 3\) and \(5, 5\)"):
        Model(Mine())(z(2, 3))
    with pytest.raises(ShapeError, match=r"^matmul: shapes"):
        Mine()(z(2, 3))


def test_a_layer_that_is_not_registered_is_named_by_what_it_is():
    class Hidden(nn.Module):
        def __init__(self):
            super().__init__()
            self.secret = [nn.Linear(3, 2)]

        def forward(self, x):
            return self.secret[0](x)

    with pytest.raises(ShapeError) as caught:
        Model(Hidden())(z(1, 4))
    assert str(caught.value).startswith("encoder.layers.1: Linear(in_features=3, out_features=2, bias=True): linear")


def test_other_errors_pass_as_they_are():
    class Own(nn.Module):
        def forward(self, x):
            return [][x.shape[0]] if x.ndim else int("no number")

    with pytest.raises(IndexError, match=r"^list index out of range$"):
        Model(Own())(z(2))
    with pytest.raises(ValueError, match=r"^invalid literal"):
        Model(Own())(z())


def test_an_error_that_is_raised_again_elsewhere_is_named_there():
    layer = nn.Linear(3, 2)
    with pytest.raises(ShapeError) as caught:
        layer(np.zeros((1, 4), np.float32))
    first = str(caught.value)
    with pytest.raises(ShapeError) as again:
        Model(layer)(z(1, 4))
    assert str(again.value) == f"encoder.layers.1: {layer}: {first}"
