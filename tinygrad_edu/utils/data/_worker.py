"""What runs in a worker process: batches are made in the order asked for, and sent back; so are errors, in words."""

from __future__ import annotations

import multiprocessing
import pickle
import random
import signal
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np

from tinygrad_edu.errors import WorkerError
from tinygrad_edu.random import manual_seed
from tinygrad_edu.utils.data._fetch import Ended, Fetcher

_HERE = str(Path(__file__).parent)
_LOOK_UP = 1.0  # seconds between looks whether the parent still lives


@dataclass(frozen=True)
class WorkerInfo:
    """Which worker this process is: `id` of `num_workers`, its `seed`, and its own copy of the data set."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker of a DataLoader, which one it is; elsewhere None."""
    return _info


class Failure:
    """An exception on its way out of a worker: its class, where that can be sent, and its traceback as text."""

    def __init__(self, error: BaseException, worker: int) -> None:
        self.kind: Any = type(error)
        try:
            pickle.dumps(self.kind)
        except Exception:  # a class inside a function: the other process couldn't find it
            self.kind = WorkerError
        trace = error.__traceback__
        while trace and trace.tb_next and trace.tb_frame.f_code.co_filename.startswith(_HERE):
            trace = trace.tb_next  # begins with the user's own line
        said = "".join(traceback.format_exception(type(error), error, trace))
        self.message = f"Caught {type(error).__name__} in DataLoader worker process {worker}.\nOriginal {said}"

    def exception(self) -> Exception:
        """The same kind of exception for this process to raise, with all that the worker said."""
        try:
            error: Exception = self.kind(_Verbatim(self.message))
        except Exception:  # a constructor with arguments of its own
            error = WorkerError(self.message)
        return error


class _Verbatim(str):
    """A message that KeyError shows as it is, not quoted."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Job:
    """What a worker is told when it starts."""

    id: int
    num_workers: int
    base_seed: int
    dataset: Any
    batched: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    init_fn: Callable[[int], Any] | None


def work(job: Job, tasks: Any, results: Connection, inherited: Sequence[Connection]) -> None:
    """Until the task None: take `(pass, number, index)`, send `(pass, number, batch)`, or Ended or a Failure in its place."""
    for connection in inherited:  # of the workers before: their pipes must close when they or the parent end
        connection.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent deals with it
    _seed(job)
    failure = None
    try:
        if job.init_fn is not None:
            job.init_fn(job.id)
    except Exception as error:
        failure = Failure(error, job.id)
    current, make_batch = -1, None
    while (task := _next_task(tasks)) is not None:
        which, number, index = task
        answer: Any
        try:
            if which != current or make_batch is None:
                current, make_batch = which, Fetcher(job.dataset, job.batched, job.collate_fn, job.drop_last)
            answer = failure or make_batch(index)
        except Ended:
            answer = Ended()
        except Exception as error:
            answer = Failure(error, job.id)
        try:
            _send(results, (which, number, answer), job.id)
        except (BrokenPipeError, ConnectionResetError):  # nobody listens any more
            return
        failure = None


def _seed(job: Job) -> None:
    global _info
    seed = job.base_seed + job.id
    random.seed(seed)
    manual_seed(seed)
    # PyTorch's seed for NumPy's global stream, which the random augmentations of a data set draw from.
    sequence = np.random.SeedSequence([job.id, job.base_seed & 0xFFFFFFFF, job.base_seed >> 32])
    np.random.seed(sequence.generate_state(4))  # noqa: NPY002  # it is the global stream that is meant
    _info = WorkerInfo(job.id, job.num_workers, seed, job.dataset)


def _next_task(tasks: Any) -> Any:
    parent = multiprocessing.parent_process()
    while True:
        try:
            return tasks.get(timeout=_LOOK_UP)
        except Empty:
            if parent is not None and not parent.is_alive():
                return None  # killed, so that it couldn't say goodbye


def _send(results: Connection, message: tuple[int, int, Any], worker: int) -> None:
    try:
        data = ForkingPickler.dumps(message)
    except Exception as error:
        data = ForkingPickler.dumps((*message[:2], Failure(error, worker)))
    results.send_bytes(data)
