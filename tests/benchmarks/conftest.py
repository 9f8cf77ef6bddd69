"""One thread for every library before any is imported, and the tables of ratios at the end of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.harness import Report, limit_pools

_REPORT = Report()
_PAGE = Path(__file__).parents[2] / "docs" / "speed.md"
_BEGIN, _END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-docs", action="store_true", help="put the tables of this run into docs/speed.md")


def pytest_configure(config: pytest.Config) -> None:
    limit_pools()
    if not getattr(config.option, "benchmark_columns", None):
        config.option.benchmark_columns = ["median", "iqr", "rounds"]  # pytest-benchmark's own ten don't fit on a line


@pytest.fixture(scope="session")
def report() -> Report:
    return _REPORT


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if _REPORT.rows or _REPORT.parts:
        from tests.benchmarks.workloads import ORDER

        lines = _REPORT.lines(ORDER)
        terminalreporter.write_sep("=", "ratios")
        terminalreporter.write_line("\n".join(lines))
        if config.getoption("--write-docs"):
            before, rest = _PAGE.read_text(encoding="utf-8").split(_BEGIN)
            after = rest.split(_END)[1]
            _PAGE.write_text("\n".join([before + _BEGIN, *lines, "", _END]) + after, encoding="utf-8")
