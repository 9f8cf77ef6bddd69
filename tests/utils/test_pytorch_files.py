"""PyTorch's checkpoints and safetensors, both ways; and pickles that would do harm, which are refused by the name they need."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import CheckpointError
from tinygrad_edu.utils import serialization

DTYPES = [
    "float32",
    "float64",
    "float16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint8",
    "bool",
    "complex64",
    "complex128",
]


def nest(lib):
    """The same nest in both libraries, with everything that a training's checkpoint holds."""
    base = lib.arange(12.0).reshape(3, 4)
    return {
        "dtypes": [lib.arange(3).to(getattr(lib, name)) for name in DTYPES],
        "not contiguous": base.T,
        "a part": base[1:, ::2],
        "shared": [base, base[0]],
        "same": [base] * 2,
        "empty": lib.zeros(0, 3),
        "one": lib.tensor(3.5),
        "leaf": lib.ones(2, requires_grad=True),
        "parameter": lib.nn.Parameter(lib.ones(2)),
        "ordered": OrderedDict(b=1, a=lib.ones(1)),
        "numbers": (0, -1, 2**70, 0.1, float("inf"), 1j, True, None, "ß", b"\x00\xff", {1, 2}),
        "dtype": lib.float64,
        "device": lib.device("cpu"),
    }


def plain(value):
    """Without the library: arrays, and what there is beside."""
    if hasattr(value, "detach"):
        kind = "Parameter" if "Parameter" in type(value).__name__ else "Tensor"
        return (
            kind,
            value.requires_grad,
            str(value.dtype).removeprefix("torch."),
            tuple(value.shape),
            value.detach().tolist(),
        )
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(plain, value)]
    return str(value).removeprefix("torch.") if "float64" in str(value) or "cpu" in str(value) else value


@pytest.mark.oracle
def test_pytorch_reads_what_was_saved_here(tmp_path):
    import torch

    tg.save(nest(tg), tmp_path / "f.pt")
    back = torch.load(tmp_path / "f.pt", weights_only=True)
    assert plain(back) == plain(nest(torch))
    back["shared"][0][0, 0] = 9
    assert back["shared"][1][0] == 9 and back["same"][0] is back["same"][1]


@pytest.mark.oracle
def test_what_pytorch_saved_is_read_here(tmp_path):
    import torch

    torch.save(nest(torch), tmp_path / "f.pt")
    back = tg.load(tmp_path / "f.pt", map_location=torch.device("cpu"), weights_only=True)
    assert plain(back) == plain(nest(tg)) == plain(nest(torch))
    back["shared"][0][0, 0] = 9
    assert back["shared"][1][0].item() == 9 and back["same"][0] is back["same"][1]
    assert isinstance(back["parameter"], nn.Parameter) and isinstance(back["ordered"], OrderedDict)


def test_everything_comes_back_here(tmp_path):
    for file in (tmp_path / "f.pt", io.BytesIO()):
        tg.save(nest(tg), file)
        if hasattr(file, "seek"):
            file.seek(0)
        assert plain(tg.load(file)) == plain(nest(tg))
    own = {"array": np.arange(6.0).reshape(2, 3).T, "text": np.array(["a", "bc"]), "scalar": np.float64(2.5)}
    tg.save(own, tmp_path / "f.pt")
    back = tg.load(tmp_path / "f.pt")
    assert {key: np.asarray(value).tolist() for key, value in back.items()} == {k: v.tolist() for k, v in own.items()}
    assert back["array"].flags.writeable


@pytest.mark.oracle
def test_bfloat16_numpy_values_and_subclasses_of_pytorch(tmp_path):
    import torch

    values = torch.randn(5)
    attributed = torch.ones(2)
    attributed.note = 3
    torch.save(
        {"b": values.bfloat16(), "best": np.float64(0.5), "a": np.arange(3), "n": attributed}, tmp_path / "f.pth"
    )
    back = tg.load(tmp_path / "f.pth")
    assert back["b"].dtype == np.float32 and back["b"].tolist() == values.bfloat16().float().tolist()
    assert back["best"] == 0.5 and back["a"].tolist() == [0, 1, 2] and back["n"].tolist() == [1, 1]


@pytest.mark.oracle
@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_a_training_goes_on_in_the_other_library(kind, tmp_path):
    import torch

    def step(lib, model, optimizer):
        optimizer.zero_grad()
        loss = (model(lib.ones(3, 4)) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    def fresh(lib):
        model = lib.nn.Sequential(lib.nn.Linear(4, 3), lib.nn.Tanh(), lib.nn.Linear(3, 2))
        options = {"momentum": 0.9} if kind == "SGD" else {}
        return model, getattr(lib.optim, kind)(model.parameters(), lr=0.01, **options)

    for here, there in ((tg, torch), (torch, tg)):
        model, optimizer = fresh(here)
        for _ in range(3):
            step(here, model, optimizer)
        here.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, str(tmp_path / "f.pt"))
        state = there.load(str(tmp_path / "f.pt"))
        other, other_optimizer = fresh(there)
        other.load_state_dict(state["model"])
        if here is tg:  # what PyTorch needs of an optimizer's state is all there
            other_optimizer.load_state_dict(state["optimizer"])
            for _ in range(3):
                assert step(here, model, optimizer) == pytest.approx(step(there, other, other_optimizer), abs=1e-6)


# -- safetensors -------------------------------------------------------------------------------------------------------


@pytest.mark.oracle
def test_safetensors_both_ways(tmp_path):
    safetensors_torch = pytest.importorskip("safetensors.torch")
    import torch

    path = str(tmp_path / "f.safetensors")
    model = nn.Linear(3, 2)
    tg.save(model.state_dict(), path)
    assert {k: v.tolist() for k, v in safetensors_torch.load_file(path).items()} == {
        k: v.tolist() for k, v in model.state_dict().items()
    }
    theirs = {name: torch.arange(6).reshape(2, 3).to(getattr(torch, name)) for name in (*DTYPES[:9], "bfloat16")}
    safetensors_torch.save_file(theirs, path)
    back = tg.load(path)
    for name, tensor in theirs.items():
        assert back[name].tolist() == tensor.tolist()
        assert back[name].dtype.name == name.replace("bfloat16", "float32")
    back["float32"].add_(1)


def test_what_safetensors_cannot_hold_is_refused(tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "f.safetensors"
    for given, message in (
        ([1], "save: a .safetensors file holds a dict of tensors, not a list."),
        (
            {"epoch": 3},
            "save: a .safetensors file holds tensors by name, and ['epoch'] is a int. A .pt or .npz file takes",
        ),
    ):
        with pytest.raises(CheckpointError) as caught:
            tg.save(given, path)
        assert str(caught.value).startswith(message)
    tg.save({"w": np.ones(3)}, path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CheckpointError, match="seems to be a safetensors file, but it is damaged"):
        tg.load(path)
    assert os.listdir(tmp_path) == ["f.safetensors"]


# -- whole modules -----------------------------------------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 3)
        self.tied = self.layer
        self.register_buffer("count", tg.zeros(1))
        self.act = nn.functional.relu

    def forward(self, x):
        return self.act(self.layer(x))


def test_a_whole_module_is_read_where_its_class_is_allowed(tmp_path, monkeypatch):
    path = tmp_path / "f.pt"
    monkeypatch.setattr(Net, "__module__", "models")
    monkeypatch.setitem(__import__("sys").modules, "models", __import__("types").SimpleNamespace(Net=Net))
    model = Net()
    tg.save(model, path)
    with pytest.raises(CheckpointError, match=r"f.pt needs models.Net, which isn't on the list .* Nothing was run"):
        tg.load(path)
    with serialization.safe_globals([Net, nn.Linear, nn.functional.relu]):
        allowed = tg.load(path)
    assert serialization.get_safe_globals() == []
    for back in (allowed, tg.load(path, weights_only=False)):
        x = tg.ones(1, 2)
        assert back(x).tolist() == model(x).tolist() and back.tied is back.layer
        assert [n for n, _ in back.named_parameters()] == ["layer.weight", "layer.bias"]
        optim.SGD(back.parameters(), lr=0.1)


def test_what_cannot_be_stored_is_said_with_its_place(tmp_path):
    class Local(nn.Module):
        pass

    for given, message in (
        ({"a": [object()]}, r"save: \['a'\]\[0\] is of type object, which can't be stored without its code"),
        ({"f": print}, r"save: \['f'\] is of type builtin_function_or_method"),
        (Local(), "save: .*Local"),
        (tg.zeros(2).numpy().astype(np.uint16), None),
        ([tg.tensor(np.zeros(2, np.uint16))], r"save: \[0\] is uint16, which PyTorch's checkpoints don't have"),
    ):
        if message is None:
            tg.save(given, tmp_path / "ok.pt")
            continue
        with pytest.raises(CheckpointError, match=message):
            tg.save(given, tmp_path / "f.pt")
    assert os.listdir(tmp_path) == ["ok.pt"]


# -- hostile and damaged -----------------------------------------------------------------------------------------------


class Call:
    """A pickle that calls something when it is read."""

    def __init__(self, function, *args):
        self.how = function, args

    def __reduce__(self):
        return self.how


def checkpoint(pickled, **members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        for name, content in members.items():
            archive.writestr(f"archive/data/{name}", content)
    return file.getvalue()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("weights_only", [True, False])
@pytest.mark.parametrize(
    ("function", "args"),
    [
        (os.system, ("touch harm",)),
        (eval, ("open('harm', 'w')",)),
        (exec, ("open('harm', 'w')",)),
        (open, ("harm", "w")),
        (getattr, (os, "system")),
        (__import__, ("harm",)),
        (pickle.loads, (b"",)),
        (tg.save, (1, "harm")),
        (nn.Linear, (1, 1)),
        (np.memmap, ("harm", "u1", "w+", 0, (1,))),
    ],
)
def test_a_hostile_checkpoint_is_refused_by_name_and_not_run(
    function, args, protocol, weights_only, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    args = tuple(a for a in args if a is not os) or ("x",)
    (tmp_path / "f.pt").write_bytes(checkpoint(pickle.dumps({"w": Call(function, *args)}, protocol)))
    with pytest.raises(CheckpointError, match=rf"needs \S*{function.__name__}|a call of") as caught:
        tg.load("f.pt", weights_only=weights_only)
    assert "load: f.pt" in str(caught.value)
    assert os.listdir() == ["f.pt"]


def assembled(*instructions):
    return b"\x80\x02" + b"".join(instructions) + b"."


REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
STORAGE = (
    b"(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x04tQ".replace(b"U\x07", b"X\x07\0\0\0")
    .replace(b"U\x01", b"X\x01\0\0\0")
    .replace(b"U\x03", b"X\x03\0\0\0")
)


@pytest.mark.parametrize(
    "pickled",
    [
        assembled(REBUILD, b"(", STORAGE, b"K\x00K\x05\x85K\x01\x85\x89}tR"),  # five of four elements
        assembled(REBUILD, b"(", STORAGE, b"K\x02K\x03\x85K\x01\x85\x89}tR"),  # beyond the end
        assembled(REBUILD, b"(", STORAGE, b"J\xff\xff\xff\xffK\x01\x85K\x01\x85\x89}tR"),  # before the start
        assembled(REBUILD, b"(", STORAGE, b"K\x00K\x02\x85J\xff\xff\xff\xff\x85\x89}tR"),  # backwards
        assembled(REBUILD, b"(", STORAGE.replace(b"K\x04", b"K\x05"), b"K\x00K\x02\x85K\x01\x85\x89}tR"),
        assembled(REBUILD, b"(", STORAGE.replace(b"\x000", b"\x009"), b"K\x00K\x02\x85K\x01\x85\x89}tR"),
        assembled(b"ccollections\nOrderedDict\n", b"}X\x05\0\0\0itemsK\x01sb"),  # a state for a class
        assembled(REBUILD, b"}X\x01\0\0\0aK\x01sb"),  # a state for a function
        assembled(b"(cos\nsystem\nX\x02\0\0\0lso"),  # OBJ
        assembled(b"(X\x02\0\0\0lsios\nsystem\n"),  # INST
        assembled(b"\x82\x01"),  # EXT1
        assembled(b"cnumpy\ndtype\n(X\x02\0\0\0O8\x89\x88tR"),
        assembled(b"cnumpy\ndtype\n(X\x0c\0\0\0f8,O8,O8,O8,\x89\x88tR"),
        b"\x80\x02",
        b"",
    ],
)
def test_a_pickle_that_makes_no_sense_is_refused(pickled, tmp_path):
    path = tmp_path / "f.pt"
    path.write_bytes(checkpoint(pickled, **{"0": np.arange(4, dtype=np.float32).tobytes()}))
    with pytest.raises(CheckpointError, match=r"load: .*f\.pt"):
        tg.load(path, weights_only=False)


def test_truncations_and_flipped_bytes_of_a_checkpoint_raise_only_our_error(tmp_path):
    path = tmp_path / "f.pt"
    tg.save({"w": tg.tensor([1.0, 2.0]), "epoch": 3}, path)
    whole = path.read_bytes()
    for i in range(len(whole)):
        for content in (whole[:i], whole[:i] + bytes([whole[i] ^ 0x10]) + whole[i + 1 :]):
            path.write_bytes(content)
            try:
                tg.load(path)
            except CheckpointError:
                continue
