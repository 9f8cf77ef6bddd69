"""What every test can count on: PyTorch is there if the test asks for it, and Hypothesis doesn't race the clock."""

import importlib.util
import os

import pytest
from hypothesis import settings

# No deadline: a shared machine stalls for longer than any that would still catch a slow test.
settings.register_profile("local", deadline=None)
# The same examples on every run, so that a change is judged by what it changed.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

_HAS_TORCH = importlib.util.find_spec("torch") is not None
_REQUIRE_ORACLE = os.environ.get("TINYGRAD_EDU_REQUIRE_ORACLE") == "1"


def pytest_configure() -> None:
    if _REQUIRE_ORACLE and not _HAS_TORCH:
        # Before collection: a module that skips itself for want of torch would otherwise pass unseen.
        raise pytest.UsageError(
            "TINYGRAD_EDU_REQUIRE_ORACLE=1, but torch isn't installed: make test-oracle installs it"
        )


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("oracle") and not _HAS_TORCH:
        pytest.skip("needs torch: make test-oracle installs it")
