"""How much memory a few steps of training take at their peak: run it as `python -m tests.benchmarks.memory PyTorch`.

A process of its own for each library, since a peak can't be told apart from what others had allocated before.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.harness import OURS, limit_pools

WIDTHS, SIZE, STEPS = (1024,) * 11, 1024, 3  # ten layers; by the third step nothing is new any more

_CHECKOUT = Path(__file__).parents[2]
_STATUS = Path("/proc/self/status")

available = _STATUS.exists()


def bytes_beyond(library: str, give_back: bool) -> int:
    """What `library` takes at its peak beyond what it held with the model and the data ready, in a fresh process.

    glibc keeps freed blocks of up to 32 MiB, and how much of that it can use again is luck: PyTorch's peak is then three
    times what it needs, and differs from run to run. With `give_back` each block above 1 MB goes back to the system at
    once, so that the peak is what was in use.
    """
    command = [sys.executable, "-m", "tests.benchmarks.memory", library]
    environ = os.environ | ({"MALLOC_MMAP_THRESHOLD_": "1000000"} if give_back else {})
    done = subprocess.run(command, cwd=_CHECKOUT, env=environ, check=True, capture_output=True, text=True)
    return int(done.stdout)


def _status(key: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"{_STATUS} has no {key}")


def _measure(library: str) -> int:
    limit_pools()
    import numpy as np

    from tests.benchmarks import peers, training

    lib = peers.ours() if library == OURS else peers.pytorch()
    draw = np.random.default_rng(0)
    small = (8, 8, 8)  # a step that takes no memory to speak of, but loads what a library loads when it is first used
    training.sgd_step(lib, training.parameters(draw, small), *training.batch(draw, small, 8), lr=1e-4)()
    x, labels = training.batch(draw, WIDTHS, SIZE)
    start = training.parameters(draw, WIDTHS)
    step = training.sgd_step(lib, start, x, labels, lr=1e-4)
    start.clear()
    Path("/proc/self/clear_refs").write_text("5")  # from here on VmHWM is a new peak: that of building may be higher
    before = _status("VmRSS")
    for _ in range(STEPS):
        step()
    return _status("VmHWM") - before


if __name__ == "__main__":
    print(_measure(sys.argv[1]))
