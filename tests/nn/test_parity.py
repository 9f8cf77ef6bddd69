"""Every module and every function of `nn` is PyTorch's: from the same seed, in both precisions, over fifty steps of training.

The cases are in `rows`.
"""

import importlib
import inspect
import pkgutil

import pytest

import tests.nn.rows
from tests.nn.parity import TOLERANCE, compare, compare_function
from tinygrad_edu import nn
from tinygrad_edu.nn import functional

pytestmark = [
    pytest.mark.oracle,
    # PyTorch's own: about masks of another dtype, layouts that its fast paths don't take, names that are deprecated.
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
FILES = [importlib.import_module(f"tests.nn.rows.{m.name}") for m in pkgutil.iter_modules(tests.nn.rows.__path__)]
ROWS = [
    pytest.param(row, id=f"{file.__name__.split('.')[-1]} {row.make(nn)!r}"[:90].replace("\n", ""))
    for file in FILES
    for row in file.ROWS
]
FUNCTIONS = [pytest.param(case, id=f"{case[0]} {', '.join(case[2])}") for f in FILES for case in f.FUNCTIONS]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Tensors this small are slower on several, and much slower where another process has the other core."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("row", ROWS)
def test_a_module_is_pytorch_s(row, dtype):
    compare(row, dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("case", FUNCTIONS)
def test_a_function_is_pytorch_s(case, dtype):
    compare_function(dtype, *case)


NOT_COMPARED = {
    "Module": "what a module is made from; it has no forward",
    "RNNBase": "what RNN, LSTM and GRU have in common",
    "DistributedDataParallel": "always refused",
}


def test_every_module_has_a_row():
    public = {n for n in nn.__all__ if inspect.isclass(getattr(nn, n)) and issubclass(getattr(nn, n), nn.Module)}
    assert public - NOT_COMPARED.keys() - {type(case.values[0].make(nn)).__name__ for case in ROWS} == set()


def test_every_function_has_a_row():
    assert set(functional.__all__) - {case.values[0][0] for case in FUNCTIONS} == set()
