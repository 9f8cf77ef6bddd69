"""What `import tinygrad_edu` offers is what it says it offers."""

from __future__ import annotations

import subprocess
import sys
import types

import tinygrad_edu as tg


def test_all_names_every_public_name():
    inner = {"absent", "as_torch", "cli", "engine", "errors", "functorch", "names"}  # reached by their own path
    inner |= {"ao", "multiprocessing", "quantization"}  # in which every name refuses
    public = {
        name for name, value in vars(tg).items()
        if not name.startswith("_") and not (isinstance(value, types.ModuleType) and name in inner)
    }  # fmt: skip
    assert set(tg.__all__) == public
    assert len(set(tg.__all__)) == len(tg.__all__)


def test_importing_it_imports_no_extra():
    code = "import sys, tinygrad_edu; print(sorted({'typer', 'rich', 'matplotlib', 'jinja2', 'scipy', 'torch'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert run.stdout.strip() == "[]", run.stderr
