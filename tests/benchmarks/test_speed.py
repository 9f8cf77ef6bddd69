"""Every workload: first that all implementations compute the same, then how long each takes. No time is asserted."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import numpy as np
import pytest

from tests.benchmarks import memory
from tests.benchmarks.harness import OURS, Report, Row, Spread, Target, check_pools, interleaved
from tests.benchmarks.op_call import parts
from tests.benchmarks.peers import TORCH
from tests.benchmarks.workloads import WORKLOADS, Workload

# The peers' own deprecations are not what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore")


def _about() -> str:
    versions = [f"{name} {version(name)}" for name in ("numpy", "torch", "autograd", "mygrad", "jax")]
    return f"Python {platform.python_version()}, {', '.join(versions)}; one thread each in {check_pools()}."


def _assert_same(results: dict[str, list[np.ndarray[Any, Any]]]) -> None:
    for name, arrays in results.items():
        for ours, theirs in zip(results[OURS], arrays, strict=True):
            scale = np.abs(ours).max()
            np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-4 * scale, err_msg=f"{name} against {OURS}")
            assert theirs.dtype == np.float32, f"{name} computes in {theirs.dtype}"


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.key)
def test_speed(workload: Workload, benchmark: Any, report: Report):
    runs = workload.make()
    for _ in range(workload.steps):
        _assert_same({name: [np.array(a) for a in run.read(run.step())] for name, run in runs.items()})
    if benchmark.enabled:
        report.about = _about()
        calls: dict[Any, Any] = {name: run.step for name, run in runs.items()}
        primals = {name: run.primal for name, run in runs.items() if run.primal is not None}
        calls |= {("primal", name): primal for name, primal in primals.items()}
        found = interleaved(calls, workload.seconds)
        row = Row(
            workload.name,
            {name: found[name] for name in runs},
            {name: found["primal", name] for name in primals},
            workload.target,
        )
        report.rows.append(row)
        benchmark.extra_info["over"] = {name: row.ratio(OURS, name).median for name in runs if name != OURS}
    # For --benchmark-save and --benchmark-compare; the ratios above don't come from these figures.
    benchmark(runs[OURS].step)


def test_parts_of_an_op_call(benchmark: Any, report: Report):
    pieces = parts()
    if benchmark.enabled:
        report.about = _about()
        found = interleaved({name: part.call for name, part in pieces.items()}, 12.0)
        for name, part in pieces.items():
            report.parts[name] = Spread.of([seconds / part.ops for seconds in found[name]])
    benchmark(pieces["the op on tensors, recorded"].call)


@pytest.mark.skipif(not memory.available, reason="needs Linux's /proc to see a process's peak")
@pytest.mark.parametrize("give_back", [True, False], ids=["in-use", "as-it-comes"])
def test_memory(give_back: bool, benchmark: Any, report: Report):
    found: dict[str, list[float]] = {OURS: [], TORCH: []}
    for _ in range(3 if benchmark.enabled else 1):
        for library, peaks in found.items():
            peaks.append(float(memory.bytes_beyond(library, give_back)))
    if benchmark.enabled:
        name = "peak memory, MLP of 10 layers 1024 wide, batch 1024" + ("" if give_back else ", with what malloc keeps")
        row = Row(name, found, target=Target(TORCH, 1.3), unit="B")
        report.rows.append(row)
        benchmark.extra_info["over"] = {TORCH: row.ratio(OURS, TORCH).median}
    benchmark.pedantic(lambda: memory.bytes_beyond(OURS, give_back), rounds=1)
