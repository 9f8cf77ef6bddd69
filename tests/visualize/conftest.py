"""The ways to lay a picture out, for the tests of pictures."""

import pytest

from tinygrad_edu.visualize import layout


@pytest.fixture(params=["program", "built-in"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to lay out."""
    if request.param == "built-in":
        monkeypatch.setattr(layout, "_find_engines", lambda: iter(()))
    elif not list(layout._find_engines()):
        pytest.skip("no layout program is installed")
    return str(request.param)


@pytest.fixture
def no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_find_engines", lambda: iter(()))
