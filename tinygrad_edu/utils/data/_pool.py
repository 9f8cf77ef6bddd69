"""The parent's side of the workers: who makes which batch, in what order they come out, and how it all ends."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from typing import Any

from tinygrad_edu.errors import WorkerError
from tinygrad_edu.utils.data._fetch import Ended
from tinygrad_edu.utils.data._worker import Failure, Job, work

_GRACE = 2.0  # seconds that a worker has to finish what it is doing before it is ended


class Pool:
    """The worker processes of a loader. They end when `close` is called, when the pool is collected, or with the program."""

    def __init__(self, count: int, context: Any, job: Any) -> None:
        # On Linux forked, whatever Python's default: data sets and functions then needn't be pickled.
        context = multiprocessing.get_context(context or ("fork" if sys.platform == "linux" else None))
        self.processes: list[Any] = []
        self.tasks: list[Any] = []
        self.results: list[Connection] = []
        self.passes = 0
        self.close = weakref.finalize(self, _end, os.getpid(), self.processes, self.tasks, self.results)
        for i in range(count):
            tasks = context.Queue()
            reader, writer = context.Pipe(duplex=False)
            inherited = tuple(self.results) if context.get_start_method() == "fork" else ()
            process = context.Process(target=work, args=(job(i), tasks, writer, inherited), daemon=True)
            process.start()
            writer.close()  # so that the pipe closes with the worker
            self.processes.append(process)
            self.tasks.append(tasks)
            self.results.append(reader)

    def receive(self, workers: list[int], timeout: float) -> tuple[int, int, Any]:
        """The next message from any of these workers. Raises WorkerError if one has died, or none answers in time."""
        readers = {self.results[i]: i for i in workers}
        sentinels = {self.processes[i].sentinel: i for i in workers}
        ready = wait([*readers, *sentinels], timeout or None)
        for reader in ready:
            if isinstance(reader, Connection):
                try:
                    message: tuple[int, int, Any] = pickle.loads(reader.recv_bytes())
                except EOFError:
                    raise self._died(readers[reader]) from None
                return message
        for sentinel in ready:  # a dead worker may have left messages, which come first
            worker = sentinels[sentinel]
            if not self.results[worker].poll():
                raise self._died(worker)
            return self.receive([worker], timeout)
        self.close()
        raise WorkerError(
            f"DataLoader: no batch came from the workers within timeout={timeout:g} seconds. Give them more time, or look "
            "with num_workers=0 for what keeps the data set."
        )

    def _died(self, worker: int) -> WorkerError:
        process = self.processes[worker]
        process.join(_GRACE)
        code = process.exitcode
        self.close()
        how = f"ended with exit code {code}" if code is None or code >= 0 else f"was killed by signal {_signal(-code)}"
        hint = " It may have used more memory than there is." if code == -signal.SIGKILL else ""
        return WorkerError(
            f"DataLoader: worker {worker} (process {process.pid}) {how} before its batch was ready.{hint} With num_workers=0 "
            "the same happens in this process, where you can see it."
        )


def _signal(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return str(number)


def put(queue: Any, item: Any) -> None:
    """Put `item` into `queue`; Ctrl-C meanwhile has to wait. In the middle it can leave the queue's lock taken for ever."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is None:
        queue.put(item)  # no KeyboardInterrupt is raised here
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        queue.put(item)
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)


def _end(owner: int, processes: list[Any], tasks: list[Any], results: list[Connection]) -> None:
    """Ask the workers to end, wait a little, then end them."""
    if os.getpid() != owner:
        return  # a forked copy of the pool
    for queue in tasks:
        with contextlib.suppress(ValueError, OSError):
            put(queue, None)
    for reader in results:
        reader.close()  # who is sending gets an error, and stops
    limit = time.monotonic() + _GRACE
    for process in processes:
        process.join(max(0.0, limit - time.monotonic()))
    for stop in ("terminate", "kill"):
        for process in processes:
            if process.is_alive():
                getattr(process, stop)()
        for process in processes:
            process.join(_GRACE)
    for queue in tasks:
        queue.cancel_join_thread()
        queue.close()


class Pass:
    """One pass over the data with workers: an iterator of batches in the sampler's order.

    Batch n goes to the next worker in turn, so that with the same number of workers each makes the same batches every
    time; at most `prefetch` batches are on their way for each.
    """

    def __init__(self, pool: Pool, indices: Iterator[Any], *, prefetch: int, timeout: float, keep: bool) -> None:
        self.pool = pool
        self.indices = indices
        self.timeout = timeout
        self.keep = keep
        pool.passes += 1
        self.number = pool.passes
        self.turn = itertools.cycle(range(len(pool.processes)))
        self.active = set(range(len(pool.processes)))
        self.sent = self.next = 0
        self.workers: dict[int, int] = {}  # batch -> who makes it
        self.ready: dict[int, Any] = {}
        for _ in range(prefetch * len(pool.processes)):
            self._ask()

    def __iter__(self) -> Pass:
        return self

    def __next__(self) -> Any:
        try:
            return self._next()
        except KeyboardInterrupt:
            self.pool.close()
            raise

    def _next(self) -> Any:
        if self.pool.passes != self.number:
            raise WorkerError("DataLoader: with persistent_workers a new pass ends the one before; this one was left.")
        while True:
            if self.next in self.ready:
                answer = self.ready.pop(self.next)
                del self.workers[self.next]
                self.next += 1
                if isinstance(answer, Ended):
                    continue
                self._ask()
                if isinstance(answer, Failure):
                    raise answer.exception()
                return answer
            if self.next >= self.sent or not self.pool.close.alive:
                break
            if self.workers[self.next] not in self.active:  # asked for before its stream had ended
                del self.workers[self.next]
                self.next += 1
                continue
            self._take()
        if not self.keep:
            self.pool.close()
        raise StopIteration

    def _take(self) -> None:
        """Receive one batch, whichever comes first."""
        waited_for = {self.workers[n] for n in range(self.next, self.sent) if n not in self.ready} & self.active
        which, number, answer = self.pool.receive(sorted(waited_for), self.timeout)
        if which != self.number:
            return  # of a pass that was broken off
        self.ready[number] = answer
        if isinstance(answer, Ended):
            self.active.discard(self.workers[number])
            self._ask()

    def _ask(self) -> None:
        """Give the next batch to the next worker, unless everything was given out."""
        if not self.active:
            return
        try:
            index = next(self.indices)
        except StopIteration:
            return
        worker = next(w for w in self.turn if w in self.active)
        self.workers[self.sent] = worker
        put(self.pool.tasks[worker], (self.number, self.sent, index))
        self.sent += 1


def start(count: int, context: Any, **settings: Any) -> Pool:
    """The workers of a loader, each told which one it is."""
    return Pool(count, context, lambda i: Job(id=i, num_workers=count, **settings))
