"""Every Python example on every page of the documentation runs, one namespace a page, in a directory of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tinygrad_edu.engine.op import REGISTRY
from tinygrad_edu.engine.tensor import NUMPY

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=[p.name for p in PAGES])
def test_the_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    namespace: dict[str, object] = {"__name__": page.stem}
    registered, mapped = dict(REGISTRY), dict(NUMPY)
    try:
        for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, match.start(1))
            exec(compile("\n" * line + match[1], str(page), "exec"), namespace)
    finally:  # an example may register an op
        REGISTRY.clear()
        REGISTRY.update(registered)
        NUMPY.clear()
        NUMPY.update(mapped)


@pytest.mark.parametrize("page", PAGES, ids=[p.name for p in PAGES])
def test_the_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
