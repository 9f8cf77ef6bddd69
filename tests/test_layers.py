"""Each module imports only from its own layer or from those before it, wherever in the file the import stands."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "tinygrad_edu"
ROOT = Path(__file__).parent.parent / PACKAGE

# From the bottom to the top. Parts on one line stand side by side and don't import each other.
LAYERS = [
    {"errors", "names"},
    {"engine"},
    {"ops"},
    {"func", "random", "special", "linalg", "fft"},
    {"autograd"},
    {"utils", "absent", "distributions", "testing"},
    {"nn", "datasets"},
    {"optim"},
    {"visualize", "onnx", "as_torch", "functorch"},
    {"compare"},
    {"cli"},
    {"__main__"},
]
HEIGHT = {part: height for height, parts in enumerate(LAYERS) for part in parts}


def violations(root: Path) -> list[str]:
    """One line for each import in the package at ``root`` that goes to a layer it mustn't, or to an unknown one."""
    found = []
    for path in sorted(root.rglob("*.py")):
        module = path.relative_to(root).with_suffix("").parts
        if module == ("__init__",):
            continue  # it gathers the public names of every layer
        own = module[0]
        where = path.relative_to(root.parent)
        if own not in HEIGHT:
            found.append(f"{where}: {own} is in no layer: give it a place in LAYERS")
            continue
        for line, target in imports(ast.parse(path.read_text(encoding="utf-8")), module):
            if target is None:
                found.append(f"{where}:{line}: imports from the top-level package: name the module that has it")
            elif target not in HEIGHT:
                found.append(f"{where}:{line}: imports {target}, which is in no layer: give it a place in LAYERS")
            elif target != own and HEIGHT[target] >= HEIGHT[own]:
                found.append(f"{where}:{line}: {own} imports {target}, which isn't below it")
    return found


def imports(tree: ast.AST, module: tuple[str, ...]) -> Iterator[tuple[int, str | None]]:
    """The line and the part of the package of every import in ``tree``; None for the package itself.

    Args:
        tree: a module, or what stands in one.
        module: its path inside the package, e.g. ``("nn", "_linear")``; relative imports count from there.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            for statement in node.orelse:
                yield from imports(ast.Module([statement], []), module)
            continue
        for name in _imported_names(node, module):
            top, _, rest = name.partition(".")
            if top == PACKAGE:
                yield node.lineno, rest.partition(".")[0] or None
        yield from imports(node, module)


def _imported_names(node: ast.AST, module: tuple[str, ...]) -> Iterator[str]:
    """The full dotted name of all that ``node`` imports, if it is an import statement or a call of import_module."""
    match node:
        case ast.Import(names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(source, names, level):
            base = source or ""
            if level:
                package = (PACKAGE, *module)[: -level or None]
                base = ".".join([*package, base]).rstrip(".")
            for alias in names:
                # `from tinygrad_edu import nn` imports the part nn; `... import Tensor` the package itself.
                part = base == PACKAGE and alias.name in HEIGHT
                yield f"{base}.{alias.name}" if part else base
        case ast.Call(ast.Name(id=function) | ast.Attribute(attr=function), [ast.Constant(str() as name), *_]):
            if function in {"import_module", "__import__"}:
                yield name


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def test_every_module_imports_only_from_its_own_layer_or_one_below() -> None:
    assert not (found := violations(ROOT)), "\n" + "\n".join(found)


def plant(root: Path, path: str, text: str) -> Path:
    file = root / PACKAGE / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return root / PACKAGE


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("engine/graph.py", "from tinygrad_edu.ops import add", "engine imports ops"),
        ("engine/graph.py", "from tinygrad_edu.ops.reduce import sum", "engine imports ops"),
        ("engine/graph.py", "import tinygrad_edu.ops.reduce as r", "engine imports ops"),
        ("engine/graph.py", "from tinygrad_edu import ops", "engine imports ops"),
        ("engine/graph.py", "from ..ops import add", "engine imports ops"),
        ("engine/__init__.py", "from ..ops import add", "engine imports ops"),
        ("engine/graph.py", "from .. import ops", "engine imports ops"),
        ("engine/deep/graph.py", "from ...ops import add", "engine imports ops"),
        ("engine/graph.py", "def f():\n    from tinygrad_edu.ops import add", "engine imports ops"),
        (
            "engine/graph.py",
            "class A:\n    def f(self):\n        if x:\n            import tinygrad_edu.ops",
            "engine imports ops",
        ),
        ("engine/graph.py", "try:\n    pass\nexcept E:\n    import tinygrad_edu.ops", "engine imports ops"),
        ("engine/graph.py", "import importlib\nimportlib.import_module('tinygrad_edu.ops')", "engine imports ops"),
        ("engine/graph.py", "if TYPE_CHECKING:\n    pass\nelse:\n    import tinygrad_edu.ops", "engine imports ops"),
        ("errors.py", "from tinygrad_edu.engine import Tensor", "errors imports engine"),
        ("func.py", "import os, tinygrad_edu.autograd", "func imports autograd"),
        ("nn/linear.py", "from tinygrad_edu.optim import SGD", "nn imports optim"),
        ("datasets/mnist.py", "from tinygrad_edu.nn import Linear", "datasets imports nn"),
        ("utils/data.py", "from tinygrad_edu.datasets import digits", "utils imports datasets"),
        ("visualize/draw.py", "from tinygrad_edu.cli import main", "visualize imports cli"),
        ("cli/__init__.py", "from tinygrad_edu import Tensor", "the top-level package"),
        ("cli.py", "import tinygrad_edu", "the top-level package"),
        ("nn/linear.py", "from .. import Tensor", "the top-level package"),
        ("nn/linear.py", "from tinygrad_edu.secret import Tensor", "imports secret, which is in no layer"),
        ("secret.py", "", "secret is in no layer"),
    ],
)
def test_a_planted_violation_is_caught(tmp_path: Path, path: str, text: str, complaint: str) -> None:
    (found,) = violations(plant(tmp_path, path, text))
    assert complaint in found
    assert found.startswith(str(Path(PACKAGE, path)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("__init__.py", "from tinygrad_edu.cli import main"),
        ("engine/graph.py", "import numpy as np\nfrom tinygrad_edu.errors import GraphError"),
        ("engine/graph.py", "from tinygrad_edu.engine.op import Op\nfrom .tensor import Tensor\nfrom . import sweeps"),
        ("engine/__init__.py", "from .tensor import Tensor"),
        ("engine/graph.py", "if TYPE_CHECKING:\n    from tinygrad_edu.ops import add"),
        ("engine/graph.py", "if typing.TYPE_CHECKING:\n    from tinygrad_edu.ops import add"),
        ("nn/linear.py", "from tinygrad_edu.utils import data\nfrom tinygrad_edu import ops, func"),
        ("optim/swa_utils.py", "from tinygrad_edu.nn import Module"),
        ("cli.py", "from tinygrad_edu import nn, optim, visualize\nimport tinygrad_edu.compare"),
        ("__main__.py", "from tinygrad_edu.cli import main"),
    ],
)
def test_what_is_allowed_is_let_pass(tmp_path: Path, path: str, text: str) -> None:
    assert violations(plant(tmp_path, path, text)) == []
