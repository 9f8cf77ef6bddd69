"""Running scripts for PyTorch: import paths, arguments, tracebacks, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu as tg

ROOT = Path(__file__).parents[1]


def run(tmp_path, source, *arguments, launcher=("-m", "tinygrad_edu", "run")):
    script = tmp_path / "script.py"
    script.write_text(source)
    return subprocess.run(
        [sys.executable, *launcher, "script.py", *arguments],
        cwd=tmp_path, capture_output=True, encoding="utf-8", env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


IMPORTS = """
import torch, torch.nn as nn, torch.nn.functional as F, torch.optim as optim
import torch.utils.data
import torch.backends.cudnn as cudnn
from torch import nn as nn2, Tensor
from torch.autograd import Variable, grad
from torch.nn import init
from torch.nn.parameter import Parameter
from torch.nn.modules.container import ModuleList
from torch.nn.modules.module import Module
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import StepLR
from torch.optim.optimizer import Optimizer
from torch.utils.data import DataLoader
from torch.utils.data.sampler import SubsetRandomSampler
from torch.cuda.amp import autocast, GradScaler
from torch.distributions import Categorical
from torch.func import vmap
import torch.serialization, torch.testing, torch.onnx, torch.hub, torch.jit, torch.random, torch.linalg, torch.fft, torch.special
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.tensorboard import SummaryWriter
from torch.profiler import profile, ProfilerActivity
"""


def test_the_import_paths_of_lessons(tmp_path):
    done = run(
        tmp_path,
        IMPORTS + "print(torch.__name__, torch.__version__, nn is nn2 is torch.nn, torch.nn.Linear is nn.Linear)",
    )
    assert done.stdout == "torch 2.13.0+tinygrad_edu True True\n", done.stderr


def test_a_script_has_its_own_arguments_and_name_and_folder(tmp_path):
    (tmp_path / "helper.py").write_text("value = 7")
    done = run(
        tmp_path,
        "import sys, helper, torch\nprint(__name__, __file__, sys.argv, helper.value, sys.modules['__main__'].torch is torch)",
        "--lr", "0.1", "--help",
    )  # fmt: skip
    assert done.stdout == "__main__ script.py ['script.py', '--lr', '0.1', '--help'] 7 True\n", done.stderr


def test_a_traceback_begins_with_the_script_s_own_line(tmp_path):
    done = run(tmp_path, "import torch\n\ndef f():\n    raise ValueError('mine')\n\nf()\n")
    assert done.returncode == 1
    assert done.stderr.splitlines()[:2] == [
        "Traceback (most recent call last):",
        '  File "script.py", line 6, in <module>',
    ]
    assert "as_torch.py" not in done.stderr and done.stderr.endswith("ValueError: mine\n")
    done = run(tmp_path, "x = (\n")
    assert done.returncode == 1 and "SyntaxError" in done.stderr and "as_torch.py" not in done.stderr


@pytest.mark.parametrize(
    ("source", "code"), [("raise SystemExit(3)", 3), ("exit()", 0), ("raise KeyboardInterrupt", 130)]
)
def test_its_exit_code_is_the_script_s(source, code, tmp_path):
    assert run(tmp_path, source).returncode == code


def test_what_is_not_there_is_said(tmp_path):
    done = run(tmp_path, "import torch.masked.maskedtensor")
    assert "No module named 'torch.masked': tinygrad_edu, which stands for PyTorch here, has none." in done.stderr
    done = run(tmp_path, "import torchvision")
    assert done.stderr.rstrip().endswith("tinygrad_edu.datasets has MNIST and handwritten digits.")
    assert "No module named 'torchvision'" in done.stderr
    done = run(tmp_path, "import torch\ntorch.nn.Conv2D")
    assert "module 'tinygrad_edu.nn' has no attribute 'Conv2D'; did you mean 'Conv2d'?" in done.stderr
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_edu", "run", "nothing.py"], capture_output=True, encoding="utf-8", cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2,
        "tinygrad-edu run: nothing.py can't be read: No such file or directory.\n",
    )


def test_a_script_may_bring_a_torchvision_of_its_own(tmp_path):
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text("")
    (tmp_path / "torchvision" / "datasets.py").write_text("import torch\ndata = torch.ones(2)")
    done = run(tmp_path, "from torchvision import datasets\nprint(datasets.data)")
    assert done.stdout == "tensor([1., 1.])\n", done.stderr


def test_a_file_of_pytorch_s_that_has_the_name_of_a_function(tmp_path):
    source = (
        "import torch\nfrom torch.autograd.gradcheck import gradcheck\nprint(gradcheck is torch.autograd.gradcheck)"
    )
    assert run(tmp_path, source).stdout == "True\n"


def test_installing_it_in_a_program(tmp_path):
    source = """
import tinygrad_edu as tg
from tinygrad_edu import as_torch
print(tg.zeros(2, 3).shape)
as_torch.install()
as_torch.install()
import torch
print(torch.zeros(2, 3).shape, torch.zeros(2, 3).shape[1:], torch.Tensor is tg.Tensor, torch.ones(1, dtype=torch.float64))
as_torch.uninstall()
import sys
print("torch" in sys.modules, tg.zeros(2, 3).shape)
"""
    done = run(tmp_path, source, launcher=())
    assert done.stdout.splitlines() == [
        "(2, 3)",
        "torch.Size([2, 3]) torch.Size([3]) True tensor([1.], dtype=torch.float64)",
        "False (2, 3)",
    ], done.stderr


def test_classes_say_that_they_are_pytorch_s(tmp_path):
    done = run(tmp_path, """
import torch
from torch.autograd import Variable
x = torch.nn.Linear(2, 2).weight
print(type(x), type(x.data), x.type())
print([isinstance(x, kind) for kind in (Variable, torch.Tensor, torch.FloatTensor, torch.LongTensor)])
print(x.data.type(torch.LongTensor).dtype, Variable(x.data, requires_grad=True).requires_grad)
""")  # fmt: skip
    assert done.stdout.splitlines() == [
        "<class 'torch.nn.parameter.Parameter'> <class 'torch.Tensor'> torch.FloatTensor",
        "[True, True, True, False]",
        "torch.int64 True",
    ], done.stderr


def test_the_older_constructor_is_pytorch_s(tmp_path):
    done = run(tmp_path, """
import numpy, torch
print(torch.Tensor([1, 2]), torch.Tensor(numpy.array([[1, 2]])), torch.tensor([1, 2]), torch.Tensor())
print(torch.Tensor(2, 3).shape, torch.Tensor(3).shape, torch.Tensor(torch.Size([1, 2])).shape, torch.ones(2).nonzero())
print(torch.nn.Linear(2, 1).state_dict().keys(), torch.sort(torch.tensor([2, 1])).indices.dtype)
""")  # fmt: skip
    assert done.stdout.splitlines() == [
        "tensor([1., 2.]) tensor([[1., 2.]]) tensor([1, 2]) tensor([])",
        "torch.Size([2, 3]) torch.Size([3]) torch.Size([1, 2]) tensor([[0],",
        "        [1]])",
        "odict_keys(['weight', 'bias']) torch.int64",
    ], done.stderr


@pytest.mark.parametrize("name", ["net.pkl", "net.pt", "net", "net.t7"])
def test_a_whole_module_is_saved_under_any_name(name, tmp_path):
    done = run(tmp_path, f"""
import torch
net = torch.nn.Sequential(torch.nn.Linear(2, 2))
torch.save(net, {name!r})
print(torch.equal(torch.load({name!r}, weights_only=False)[0].weight, net[0].weight))
""")  # fmt: skip
    assert done.stdout == "True\n", done.stderr


@pytest.mark.oracle
def test_it_refuses_where_pytorch_is_imported_already(tmp_path):
    done = run(tmp_path, "import torch\nfrom tinygrad_edu import as_torch\nas_torch.install()", launcher=())
    assert "ConfigError: as_torch.install: PyTorch itself is imported already" in done.stderr


def test_a_script_needs_none_of_the_command_line_s_extra(tmp_path):
    code = "import sys; sys.modules.update(dict.fromkeys(('typer', 'rich', 'matplotlib', 'jinja2')))\n"
    code += "sys.argv = ['tinygrad-edu', 'run', 'script.py']\nfrom tinygrad_edu.cli import main; main()"
    (tmp_path / "script.py").write_text("import torch; print(torch.ones(2).sum().item())")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout == "2.0\n", done.stderr


def test_workers_of_a_script_for_pytorch(tmp_path):
    source = """
import torch
from torch.utils.data import DataLoader
class Data(torch.utils.data.Dataset):
    def __len__(self): return 4
    def __getitem__(self, i): return torch.tensor(i)
if __name__ == "__main__":
    print([b.tolist() for b in DataLoader(Data(), batch_size=2, num_workers=2)])
"""
    assert run(tmp_path, source).stdout == "[[0, 1], [2, 3]]\n"


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "name", "near"),
    [
        (tg, "randn_lik", "randn_like"),
        (tg.nn, "Linaer", "Linear"),
        (tg.nn.functional, "crossentropy", "cross_entropy"),
        (tg.optim, "SDG", "SGD"),
        (tg.utils.data, "Dataloader", "DataLoader"),
        (tg.autograd, "Funktion", "Function"),
        (tg.func, "vmapp", "vmap"),
        (tg.distributions, "Norml", "Normal"),
        (tg.nn.modules.conv, "Conv2", "Conv2d"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(module, name, near):
    with pytest.raises(AttributeError, match=f"has no attribute {name!r}; did you mean {near!r}"):
        getattr(module, name)


ABSENT = [
    (lambda: tg.cuda.synchronize(), "cuda.synchronize: there is no CUDA device"),
    (lambda: tg.accelerator.synchronize(), "accelerator.synchronize: there is no accelerator"),
    (lambda: tg.distributed.init_process_group("gloo"), "distributed.init_process_group: there is one process here"),
    (
        lambda: tg.nn.parallel.DistributedDataParallel(tg.nn.Linear(1, 1)),
        "DistributedDataParallel: there is one process",
    ),
    (lambda: tg.hub.load("pytorch/vision", "resnet18"), "hub.load: a model from the hub is code"),
    (lambda: tg.jit.save(None, "f"), "jit.save: there is no TorchScript here"),
    (lambda: tg.nested.nested_tensor([]), "nested.nested_tensor: there are no nested tensors here"),
]


@pytest.mark.parametrize(("call", "message"), ABSENT, ids=[m for _, m in ABSENT])
def test_what_is_not_here_says_so_in_the_kinds_of_error_that_lessons_catch(call, message):
    for kind in (AssertionError, RuntimeError, tg.errors.NotHereError):
        with pytest.raises(kind) as caught:
            call()
        assert str(caught.value).startswith(message)


@pytest.mark.oracle
def test_what_is_asked_about_the_machine_is_answered_as_by_pytorch_without_it():
    import torch

    for lib in (tg, torch):
        assert not lib.cuda.is_available() and lib.cuda.device_count() == 0 and not lib.cuda.is_initialized()
        assert not lib.backends.mps.is_available() and not lib.backends.cudnn.is_available()
        assert lib.cuda.max_memory_allocated() == 0
        lib.cuda.manual_seed_all(3)
        assert not lib.accelerator.is_available() and lib.accelerator.current_accelerator() is None
        with lib.backends.cudnn.flags(enabled=False):
            pass
        with pytest.raises(AssertionError):
            lib.cuda.current_device()


@pytest.mark.oracle
def test_limits_and_sizes_are_pytorch_s():
    import torch

    for name in ("float16", "float32", "float64"):
        ours, theirs = tg.finfo(getattr(tg, name)), torch.finfo(getattr(torch, name))
        for field in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype"):
            assert getattr(ours, field) == getattr(theirs, field)
        assert repr(ours) == repr(theirs)
    for name in ("int8", "uint8", "int16", "int32", "int64"):
        ours, theirs = tg.iinfo(getattr(tg, name)), torch.iinfo(getattr(torch, name))
        assert (ours.bits, ours.max, ours.min, ours.dtype) == (theirs.bits, theirs.max, theirs.min, theirs.dtype)
        assert repr(ours) == repr(theirs)
    for lib in (tg, torch):
        size = lib.zeros(2, 3).size()
        assert (repr(size), repr(size[1:]), repr(size + (4,)), size.numel(), size[0]) == (
            "torch.Size([2, 3])", "torch.Size([3])", "torch.Size([2, 3, 4])", 6, 2,
        )  # fmt: skip
        assert isinstance(lib.device("cpu"), lib.device) and lib.device("cuda:1") == lib.device("cuda", 1)
        with lib.device("cpu"):
            assert lib.typename(lib.zeros(1)) == "torch.FloatTensor"


def test_bfloat16_is_refused_in_words():
    for call in (
        lambda: tg.zeros(2).to(tg.bfloat16),
        lambda: tg.zeros(2, dtype=tg.bfloat16),
        lambda: tg.zeros(2).bfloat16(),
    ):
        with pytest.raises(tg.errors.DTypeError, match="bfloat16: NumPy has no such dtype"):
            call()


def test_a_buffer_that_is_assigned_is_part_of_the_state():
    class Model(tg.nn.Module):
        def __init__(self):
            super().__init__()
            self.kept = tg.nn.Buffer(tg.zeros(2))
            self.passing = tg.nn.Buffer(tg.ones(2), persistent=False)

    model = Model()
    assert list(model.state_dict()) == ["kept"] and [n for n, _ in model.named_buffers()] == ["kept", "passing"]
    model.kept = tg.ones(2)
    assert model.state_dict()["kept"].tolist() == [1, 1]


def test_logs_times_and_profiles(tmp_path):
    with tg.utils.tensorboard.SummaryWriter(log_dir=tmp_path / "logs") as writer:
        writer.add_scalar("loss", tg.tensor(0.5), 3)
        with pytest.raises(tg.errors.NotHereError, match=r"SummaryWriter\.add_image: only numbers and texts"):
            writer.add_image("x", None)
    assert (tmp_path / "logs" / "log.jsonl").read_text() == '{"tag": "loss", "step": 3, "value": 0.5}\n'
    measured = tg.utils.benchmark.Timer("x + 1", globals={"x": 1}).blocked_autorange(min_run_time=0.01)
    assert 0 < measured.median < 1e-3 and "x + 1" in repr(measured)
    with tg.autograd.profiler.profile(use_cuda=False) as profile, tg.autograd.profiler.record_function("inner"):
        pass
    assert [event.key for event in profile.key_averages()] == ["whole block", "inner"]
    assert "whole block" in str(profile)


def test_a_fork_of_the_random_numbers():
    tg.manual_seed(0)
    expected = tg.rand(2).tolist()
    tg.manual_seed(0)
    with tg.random.fork_rng():
        tg.rand(5)
    assert tg.rand(2).tolist() == expected
