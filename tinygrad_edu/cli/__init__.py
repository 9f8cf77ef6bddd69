"""The command line, `tinygrad-edu`. Typer, rich, matplotlib and Jinja, its extra `cli`, are imported only when it runs.

`_app.py` says which commands and options there are; `_settings.py` checks the values of `train`, `_training.py` trains,
`_train.py` shows that and writes the files; `_demo.py` and `_page.py` are the demo.
"""

import importlib.util
import sys

_NEEDED = ("typer", "rich", "matplotlib", "jinja2")


def main() -> None:
    """Run the command that the program's arguments name; exits with 0, 1 (it failed), 2 (wrong options) or 130 (Ctrl-C)."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(f'tinygrad-edu needs {", ".join(missing)}: pip install "tinygrad-edu[cli]"', file=sys.stderr)
        sys.exit(1)
    try:
        from tinygrad_edu.cli._app import run

        run()
    except KeyboardInterrupt:
        sys.exit(130)  # what a shell reports for a program that Ctrl-C ended
