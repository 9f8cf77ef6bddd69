"""Recurrent layers and their cells."""

from __future__ import annotations

from tests.nn.rows import Function, row, x

T, N, I, H = 4, 2, 3, 4


def of_sequences(kind, *args, start=False, lr=0.1, **options):
    """A layer over a batch, from zeros or from states that learn, too."""
    layers = (args[2] if len(args) > 2 else options.get("num_layers", 1)) * (1 + options.get("bidirectional", False))
    shape = (N, T, I) if options.get("batch_first") else (T, N, I)
    states = [x(layers, N, options.get("proj_size", H)), x(layers, N, H, seed=1)][: 1 + (kind == "LSTM")]

    def call(lib, layer, given):
        data, *first = given
        return layer(data, tuple(first) if kind == "LSTM" else first[0]) if first else layer(data)

    return row(lambda nn: getattr(nn, kind)(*args, **options), x(*shape), *states * start, call=call, lr=lr)


def packed(kind, lengths):
    def call(lib, layer, given):
        rnn = lib.nn.utils.rnn
        data = rnn.pack_padded_sequence(given[0], lib.tensor(lengths), enforce_sorted=lengths[0] == 5)
        y, states = layer(data)
        padded, back = rnn.pad_packed_sequence(y, total_length=7, padding_value=0.5)
        assert back.tolist() == lengths
        return padded, y.data, states

    return row(lambda nn: getattr(nn, kind)(I, H, 2, bidirectional=True, dropout=0.3), x(5, 3, I), call=call)


def step_by_step(kind, single, **options):
    def call(lib, cell, given):
        state, results = None, []
        for step in given[0]:
            state = cell(step[0] if single else step, state)
            results.append(state)
        return results

    return row(lambda nn: getattr(nn, kind)(I, H, **options), x(T, N, I), call=call)


LAYERS = [
    *((kind, (I, H), {}) for kind in ("RNN", "LSTM", "GRU")),
    *((kind, (I, H, 2), {"bidirectional": True}) for kind in ("RNN", "LSTM", "GRU")),
    *((kind, (I, H), {"num_layers": 3, "batch_first": True, "bias": False}) for kind in ("RNN", "LSTM", "GRU")),
    # Less of a step: through three layers of tanh, float32's errors grow tenfold otherwise.
    *((kind, (I, H, 3), {"dropout": 0.4, "lr": 0.02}) for kind in ("RNN", "LSTM", "GRU")),
    ("RNN", (I, H), {"nonlinearity": "relu", "num_layers": 2}),
    ("RNN", (I, H, 2, "relu"), {}),
    ("LSTM", (I, H, 2), {"proj_size": 2, "bidirectional": True}),
]
ROWS = [
    *(of_sequences(kind, *args, start=start, **options) for kind, args, options in LAYERS for start in (False, True)),
    *(
        row(lambda nn, kind=kind: getattr(nn, kind)(I, H, 2), x(T, I))  # one sequence needs no batch
        for kind in ("RNN", "LSTM", "GRU")
    ),
    *(packed(kind, lengths) for kind in ("RNN", "LSTM", "GRU") for lengths in ([5, 4, 2], [2, 5, 3])),
    *(
        step_by_step(kind, single, **options)
        for kind, tried in {
            "RNNCell": [{}, {"nonlinearity": "relu", "bias": False}],
            "LSTMCell": [{}, {"bias": False}],
            "GRUCell": [{}, {"bias": False}],
        }.items()
        for options in tried
        for single in (False, True)
    ),
]
FUNCTIONS: list[Function] = []
