"""The command line, `tinygrad-edu`. Typer, rich, matplotlib and Jinja, its extra `cli`, are imported only when it runs.

`_app.py` says which commands and options there are; `_settings.py` checks the values of `train`, `_training.py` trains,
`_train.py` shows that and writes the files; `run` is `as_torch.py`; `_demo.py` and `_page.py` are the demo.
"""

import importlib.util
import sys

_NEEDED = ("typer", "rich", "matplotlib", "jinja2")


def main() -> None:
    """Run the command that the program's arguments name; exits with 0, 1 (it failed), 2 (wrong options) or 130 (Ctrl-C)."""
    if sys.argv[1:2] == ["run"] and sys.argv[2:3] not in (
        [],
        ["--help"],
    ):  # needs none of the extra, and takes any options
        from tinygrad_edu.as_torch import run_script

        sys.exit(run_script(sys.argv[2], sys.argv[3:]))
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(f'tinygrad-edu needs {", ".join(missing)}: pip install "tinygrad-edu[cli]"', file=sys.stderr)
        sys.exit(1)
    try:
        from tinygrad_edu.cli._app import run

        run()
    except KeyboardInterrupt:
        sys.exit(130)  # what a shell reports for a program that Ctrl-C ended
