"""Loading in worker processes: PyTorch's batches and seeds, errors that arrive in words, and an end that leaves nobody behind."""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import ConfigError, ShapeError, WorkerError
from tinygrad_edu.utils import data
from tinygrad_edu.utils.data._pool import put


class Numbers:
    """Examples that also tell which random numbers their worker draws."""

    def __init__(self, lib, n=11):
        self.lib = lib
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        own = self.lib.utils.data.get_worker_info()
        drawn = int(self.lib.randint(1000, (1,))), random.randrange(1000), int(np.random.randint(1000))  # noqa: NPY002
        return i, drawn, own.id, own.num_workers, own.seed % 1000


def plain(batch):
    return [plain(part) for part in batch] if isinstance(batch, list | tuple) else np.asarray(batch).tolist()


def stream_of(lib, share):
    class Stream(lib.utils.data.IterableDataset):
        def __iter__(self):
            own = lib.utils.data.get_worker_info()
            start, step = (own.id, own.num_workers) if own and share else (0, 1)
            return iter(range(start, 10 + start, step))

        def __len__(self):
            return 10

    return Stream()


OPTIONS = [
    {"num_workers": 1},
    {"num_workers": 2, "batch_size": 3},
    {"num_workers": 3, "batch_size": 2, "shuffle": True},
    {"num_workers": 2, "batch_size": 4, "shuffle": True, "drop_last": True, "prefetch_factor": 1},
    {"num_workers": 2, "batch_size": 3, "shuffle": True, "persistent_workers": True},
    {"num_workers": 2, "batch_size": None},
    {"num_workers": 5, "batch_size": 8},
]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")  # torch's, about the number of cores
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_batches_and_the_workers_draws_are_pytorch_s(options):
    import torch
    import torch.utils.data

    found = []
    for lib in (tg, torch):
        lib.manual_seed(3)
        loader = lib.utils.data.DataLoader(Numbers(lib), **options)
        found.append([[plain(batch) for batch in loader] for _ in range(2)] + [lib.rand(1).tolist(), len(loader)])
        del loader
    assert found[0] == found[1]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("options", [{}, {"batch_size": 3}, {"batch_size": 4, "drop_last": True}, {"batch_size": None}])
@pytest.mark.parametrize("workers", [0, 2, 3])
def test_streams_are_divided_as_pytorch_divides_them(share, options, workers):
    import torch
    import torch.utils.data

    found = []
    for lib in (tg, torch):
        loader = lib.utils.data.DataLoader(stream_of(lib, share), num_workers=workers, **options)
        found.append([[plain(batch) for batch in loader] for _ in range(2)] + [len(loader)])
    assert found[0] == found[1]


def test_streams_and_data_sets_are_joined():
    joined = data.ConcatDataset([data.TensorDataset(np.arange(3)), [(7,), (8,)]]) + [(9,)]
    assert [int(joined[i][0]) for i in (*range(6), -1)] == [0, 1, 2, 7, 8, 9, 9] and len(joined) == 6
    assert joined.cumulative_sizes == [5, 6]
    with pytest.raises(IndexError, match="index 6 is out of range for 6 examples"):
        joined[6]
    chained = stream_of(tg, False) + stream_of(tg, False)
    assert list(chained) == [*range(10)] * 2 and len(chained) == 20


@pytest.mark.oracle
@pytest.mark.parametrize("replacement", [True, False])
def test_weighted_and_subset_samplers_are_pytorch_s(replacement):
    import torch.utils.data

    found = []
    for lib in (tg, torch):
        lib.manual_seed(0)
        own = lib.Generator().manual_seed(2)
        kinds = lib.utils.data
        weights = [0.1, 0.9, 0.4, 0.7, 3.0, 0.6]
        found.append(
            [
                list(kinds.WeightedRandomSampler(weights, 5, replacement)),
                list(kinds.WeightedRandomSampler(weights, 5, replacement, generator=own)),
                list(kinds.SubsetRandomSampler([5, 7, 9, 11])),
                list(kinds.SubsetRandomSampler([5, 7, 9, 11], generator=own)),
            ]
        )
    assert found[0] == found[1]


# -- errors ----------------------------------------------------------------------------------------------------------


class Faulty(data.Dataset):
    def __init__(self, fault):
        self.fault = fault

    def __len__(self):
        return 8

    def __getitem__(self, i):
        if i == 5:
            self.fault()
        return i


def raise_key_error():
    raise KeyError("no such file")


def raise_own():
    class OwnError(Exception):
        pass

    raise OwnError("mine")


def raise_unusual():
    raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad start")


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (raise_key_error, KeyError, "KeyError: 'no such file'"),
        (raise_own, WorkerError, "OwnError: mine"),
        (raise_unusual, WorkerError, "UnicodeDecodeError: 'utf-8' codec"),
    ],
)
def test_what_a_worker_raises_arrives_with_its_traceback_and_the_pass_goes_on(fault, kind, said):
    batches = iter(data.DataLoader(Faulty(fault), batch_size=2, num_workers=2))
    assert [next(batches).tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(kind) as caught:
        next(batches)
    message = str(caught.value)
    name = said.partition(":")[0]
    assert message.startswith(f"Caught {name} in DataLoader worker process 0.\nOriginal Traceback")
    assert said in message and "self.fault()" in message and "_worker.py" not in message
    assert next(batches).tolist() == [6, 7]
    with pytest.raises(StopIteration):
        next(batches)


def test_a_worker_that_can_t_start_or_send_says_why():
    def fail(i):
        raise ValueError(f"worker {i} has no disk")

    with pytest.raises(ValueError, match="worker 0 has no disk"):
        next(iter(data.DataLoader([1, 2], num_workers=1, worker_init_fn=fail)))
    loader = data.DataLoader([1, 2], num_workers=1, collate_fn=lambda batch: lambda: batch)
    with pytest.raises(Exception, match=r"Caught (AttributeError|PicklingError) in DataLoader worker process 0"):
        next(iter(loader))
    loader = data.DataLoader([np.zeros(2), np.zeros(3)], batch_size=2, num_workers=1)
    with pytest.raises(ShapeError, match=r"the examples of a batch have different shapes, \(2,\), \(3,\)"):
        next(iter(loader))


@pytest.mark.parametrize(
    ("fault", "how"),
    [
        (lambda: os._exit(3), "ended with exit code 3 before its batch was ready"),
        (lambda: sys.exit(4), "ended with exit code 4"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "was killed by signal SIGKILL .* more memory than there is"),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), "was killed by signal SIGTERM"),
    ],
)
def test_a_worker_that_dies_is_reported_in_words_and_the_others_end(fault, how):
    batches = iter(data.DataLoader(Faulty(fault), batch_size=2, num_workers=2))
    processes = batches.pool.processes
    with pytest.raises(WorkerError, match=rf"DataLoader: worker 0 \(process \d+\) {how}"):
        list(batches)
    assert not any(p.is_alive() for p in processes)


def test_a_worker_that_takes_too_long_is_reported():
    batches = iter(data.DataLoader(Faulty(lambda: time.sleep(60)), batch_size=2, num_workers=1, timeout=0.3))
    start = time.monotonic()
    with pytest.raises(WorkerError, match=r"no batch came from the workers within timeout=0.3 seconds"):
        list(batches)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_workers": -1}, "DataLoader: num_workers is a number of processes, 0 or more, not -1."),
        ({"timeout": -1}, "DataLoader: timeout is in seconds, 0 or more, not -1."),
        ({"prefetch_factor": 2}, "DataLoader: prefetch_factor is about worker processes, and num_workers=0 has none."),
        ({"persistent_workers": True}, "DataLoader: persistent_workers is about worker processes"),
        ({"num_workers": 1, "multiprocessing_context": "spoon"}, "DataLoader: multiprocessing_context is one of fork"),
        ({"num_workers": 1, "prefetch_factor": 0}, "DataLoader: prefetch_factor is a number of batches, 1 or more"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ConfigError) as caught:
        data.DataLoader([1, 2], **options)
    assert str(caught.value).startswith(message)


def test_a_stream_takes_no_order():
    with pytest.raises(ConfigError, match="an IterableDataset says its own order, so it takes no shuffle"):
        data.DataLoader(stream_of(tg, False), shuffle=True)


# -- the end -----------------------------------------------------------------------------------------------------------


def test_the_workers_end_with_the_pass_and_with_the_iterator():
    loader = data.DataLoader(range(100), num_workers=2)
    batches = iter(loader)
    processes = batches.pool.processes
    assert len(list(batches)) == 100
    assert not any(p.is_alive() for p in processes)
    batches = iter(loader)
    processes = batches.pool.processes
    next(batches)
    del batches
    gc.collect()
    assert not any(p.is_alive() for p in processes)


def test_persistent_workers_stay_and_a_pass_that_was_broken_off_leaves_nothing_behind():
    loader = data.DataLoader(range(20), num_workers=2, batch_size=2, persistent_workers=True)
    whole = [batch.tolist() for batch in loader]
    processes = loader._pool.processes
    for _ in range(3):
        broken_off = iter(loader)
        next(broken_off)
        assert [batch.tolist() for batch in loader] == whole
    assert loader._pool.processes is processes and all(p.is_alive() for p in processes)
    with pytest.raises(WorkerError, match="a new pass ends the one before"):
        next(broken_off)
    loader = data.DataLoader(range(20), num_workers=2, batch_size=2, persistent_workers=True)
    assert [batch.tolist() for batch in loader] == whole


def test_workers_that_are_started_anew_rather_than_forked():
    loader = data.DataLoader(range(5), num_workers=1, batch_size=2, multiprocessing_context="spawn")
    assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3], [4]]


def test_large_batches_and_long_lists_of_indices_go_through():
    loader = data.DataLoader(
        data.TensorDataset(np.zeros((60_000, 50))), batch_size=20_000, num_workers=2, prefetch_factor=3
    )
    assert [batch.shape for (batch,) in loader] == [(20_000, 50)] * 3


PROGRAM = """
    import os, sys, time
    from tinygrad_edu.utils import data

    class Slow(data.Dataset):
        def __len__(self): return 1000
        def __getitem__(self, i):
            os.write(1, f"pid {os.getpid()}\\n".encode())
            time.sleep(0.05)
            return i

    print("parent", os.getpid(), flush=True)
    for batch in data.DataLoader(Slow(), num_workers=2):
        pass
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_program_that_is_stopped_leaves_no_worker_behind(how, tmp_path):
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(PROGRAM))
    run = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    pids: set[int] = set()
    while len(pids) < 2:
        word, number = run.stdout.readline().split()
        pids |= {int(number)} if word == "pid" else set()
    if how == signal.SIGINT:
        os.killpg(run.pid, how)  # Ctrl-C reaches the whole group
    else:
        os.kill(run.pid, how)
    _, errors = run.communicate(timeout=30)
    limit = time.monotonic() + 15
    while any(alive(pid) for pid in pids) and time.monotonic() < limit:
        time.sleep(0.1)
    assert not any(alive(pid) for pid in pids)
    if how == signal.SIGINT:
        assert errors.count("Traceback") == 1 and errors.rstrip().endswith("KeyboardInterrupt"), errors


class Interrupted:
    """A queue that Ctrl-C arrives in the middle of."""

    def __init__(self):
        self.items = []

    def put(self, item):
        signal.raise_signal(signal.SIGINT)
        self.items.append(item)


def test_ctrl_c_waits_until_a_task_is_in_its_queue():
    queue, before = Interrupted(), signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        put(queue, 3)
    assert queue.items == [3]
    assert signal.getsignal(signal.SIGINT) is before
