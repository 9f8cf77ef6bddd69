"""What a script asks before it begins, and settings that have nothing to set on a CPU."""

import argparse

import torch
import torch.backends.cudnn as cudnn
import torch.nn.functional as F
from torch.amp import autocast
from torch.cuda.amp import GradScaler
from torch.nn.modules.container import Sequential
from torch.nn.parameter import Parameter
from torch.utils.benchmark import Timer

parser = argparse.ArgumentParser()
parser.add_argument("--no-cuda", action="store_true", default=False)
args = parser.parse_args()
use_cuda = not args.no_cuda and torch.cuda.is_available()
use_mps = torch.backends.mps.is_available()
device = torch.device("cuda" if use_cuda else "mps" if use_mps else "cpu")
accelerator = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "none"
print(device, repr(device), accelerator, torch.cuda.device_count())
torch.manual_seed(0)
torch.cuda.manual_seed_all(0)
cudnn.benchmark = True
torch.backends.cuda.matmul.allow_tf32 = True
torch.set_float32_matmul_precision("high")
torch.set_num_threads(1)
print(torch.get_num_threads(), torch.__version__ >= "2.0", torch.distributed.is_available() in (True, False))
dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}["float32"]
print(torch.finfo(torch.float32).eps, torch.finfo(torch.float64).max, torch.iinfo(torch.int32).max)
print(isinstance(Parameter(torch.zeros(2)), torch.Tensor), torch.is_tensor([1]), torch.typename(torch.zeros(1)))


@torch.compile
def f(x):
    return F.relu(x) * 2


with torch.device("cpu"):
    x = torch.randn(3, device=device)
print(
    f(x), x.is_cuda, x.device, x.type(), torch.zeros(2, 3).size(), torch.LongTensor([1, 2]), torch.FloatTensor(2).shape
)
model = Sequential(torch.nn.Linear(3, 1))
scaler = GradScaler(enabled=False)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
with autocast("cpu", enabled=False):
    loss = model(x).sum()
scaler.scale(loss).backward()
scaler.step(optimizer)
scaler.update()
print(loss.item(), model[0].weight)
timer = Timer(stmt="x + 1", globals={"x": x})
print(timer.timeit(20).mean > 0)
with torch.random.fork_rng():
    torch.rand(5)
print(torch.rand(2), torch.get_default_dtype() == torch.float32)
with torch.autograd.profiler.profile() as prof:
    f(x)
print(len(prof.key_averages().table()) > 0)
for call in (lambda: torch.cuda.synchronize(), lambda: torch.nn.Linaer):
    try:
        call()
    except (AssertionError, AttributeError) as error:
        print(type(error).__mro__[-3].__name__ in ("Exception", "AssertionError", "AttributeError", "BaseException"))
