"""What a script for PyTorch prints of dtypes and nodes, line by line beside PyTorch itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LINES = """
x.dtype, repr(x.dtype), f"{x.dtype}", str(x.dtype), torch.float32, [torch.int64], torch.long, torch.get_default_dtype()
x.dtype == torch.float32, x.dtype is torch.float32, x.dtype != torch.float64, {torch.float32: 1}[x.dtype]
torch.double is torch.float64
x.dtype in (torch.float32, torch.float64), isinstance(x.dtype, torch.dtype), type(x.dtype).__name__, copy.deepcopy(x.dtype)
torch.tensor([1.5], dtype=torch.float64), torch.tensor([1], dtype=torch.int32), torch.tensor([1], dtype=torch.uint8)
torch.tensor([True]), torch.zeros(0, dtype=torch.int64), torch.ones(2, dtype=torch.complex64), torch.ones(2, dtype=torch.float16)
x.to(torch.float64).dtype, x.double().dtype, x.long().dtype, x.bool().dtype, (x > 0).dtype, (x.long() / 2).dtype
torch.result_type(x, x.double()), torch.promote_types(torch.int32, torch.float32), torch.float32.itemsize
x.dtype.is_floating_point, torch.int64.is_floating_point, torch.complex64.is_complex, torch.int8.is_signed, torch.uint8.is_signed
torch.zeros(2, dtype=x.dtype).dtype, torch.zeros_like(x, dtype=torch.float64).dtype, torch.arange(3).dtype, torch.arange(3.0).dtype
x.type(torch.float64).dtype, x.type(), x.type(torch.DoubleTensor).dtype, x.half().dtype, torch.empty(0).dtype
[p.dtype for p in torch.nn.Linear(2, 2, dtype=torch.float64).parameters()], torch.nn.Linear(1, 1).double().bias.dtype
torch.finfo(torch.float32).eps, torch.finfo(x.dtype).max, torch.iinfo(torch.int64).max, torch.can_cast(torch.float64, torch.int64)
torch.tensor([1.0, 2.0], requires_grad=True, dtype=torch.float64).sum(), torch.func.vmap(lambda v: v * 1)(x).dtype
x.sum(dtype=torch.float64), x.softmax(0, dtype=torch.float64).dtype, torch.nn.functional.softmax(x, 0, dtype=torch.float64).dtype
torch.from_numpy(numpy.ones(2)).dtype, torch.as_tensor([1, 2], dtype=torch.float32).numpy().dtype
numpy.zeros(2, x.numpy().dtype).dtype
torch.set_default_dtype(torch.float64), torch.get_default_dtype(), torch.ones(1), torch.ones(1, dtype=torch.float32)
torch.set_default_dtype(torch.float32), w.grad_fn, (w * 2).exp().grad_fn, (w * 2).mean().grad_fn.next_functions[0][1]
v.max(1), torch.sort(v), v.topk(2), v.kthvalue(1), v.median(0), v.cummax(1), torch.min(v, 0, keepdim=True), v.mode(1)
torch.svd(torch.eye(2)), torch.linalg.eigh(torch.eye(2)), torch.linalg.qr(torch.eye(2)), torch.linalg.svd(torch.eye(2)), v.aminmax()
torch.linalg.slogdet(torch.eye(2)), torch.slogdet(torch.eye(2)), torch.qr(torch.eye(2)), torch.linalg.eig(torch.eye(2))
(2 * w).grad_fn.next_functions[1], (1 + w).grad_fn.next_functions[1], sum([w, w]).grad_fn.next_functions[1][1]
torch.nn.functional.mse_loss(w, torch.zeros(2)), 1 - w, w.mean(), (w * 2).grad_fn.next_functions, w.size(), w.shape
"""


def _lines(tmp_path, *launcher):
    rows = [row for row in LINES.splitlines() if row]
    source = (
        "import torch, numpy, copy\nx = torch.zeros(2, 3)\nv = torch.tensor([[3.0, 1.0, 2.0], [0.5, 4.0, 2.5]])\n"
        "w = torch.ones(2, requires_grad=True)\n"
    )
    (tmp_path / "script.py").write_text(source + "".join(f"print({row})\n" for row in rows))
    done = subprocess.run(
        [sys.executable, *launcher, "script.py"],
        cwd=tmp_path, capture_output=True, encoding="utf-8", env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return re.sub(r"0x[0-9a-f]+", "0x…", done.stdout).splitlines()


@pytest.mark.oracle
def test_a_script_prints_what_it_prints_under_pytorch(tmp_path):
    pytest.importorskip("torch")
    ours, theirs = _lines(tmp_path, "-m", "tinygrad_edu", "run"), _lines(tmp_path)
    assert ours == theirs
    assert len(ours) >= 18


def test_dtypes_are_numpys_again_after_uninstall():
    code = (
        "from tinygrad_edu import as_torch; import tinygrad_edu as tg, numpy as np; as_torch.install(); import torch\n"
        "assert str(torch.ones(1).dtype) == 'torch.float32' and np.zeros(2, torch.float64).dtype == torch.float64\n"
        "assert torch.ones(1).dtype == np.dtype('float32') and hash(torch.float32) == hash(np.dtype('float32'))\n"
        "assert isinstance(tg.float32, np.dtype)\n"
        "as_torch.uninstall(); assert tg.ones(1).dtype is np.dtype('float32') and str(tg.ones(1).dtype) == 'float32'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert not done.stderr
