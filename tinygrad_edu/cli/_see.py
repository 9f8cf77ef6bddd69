"""`tinygrad-edu draw`, `trace`, `summary`: a function in a file, looked at where the command line says."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.nn import Module
from tinygrad_edu.visualize import Trace, draw, summary, trace_table
from tinygrad_edu.visualize import trace as trace_call

FORMATS = ("table", "markdown", "latex", "html", "json")
SUMMARY_FORMATS = ("table", "markdown", "html", "json")


def load(target: str) -> Callable[..., Any]:
    """The function, or the model, that `FILE.py:NAME` names. Raises ConfigError, in words, if there is none."""
    file, colon, name = target.rpartition(":")
    if not colon or not file or not name:
        raise ConfigError(f"{target!r} should be FILE.py:FUNC, a file and the function in it.")
    path = Path(file)
    if not path.is_file():
        raise ConfigError(f"there is no file {file}.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{file} isn't a Python file: its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)  # as `python FILE.py` does
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{file} couldn't be run: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(folder)
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise ConfigError(f"{file} has no {name!r}{_there_are(module)}.")
        found = getattr(found, part)
    return _function(found, name)


def _there_are(module: Any) -> str:
    own = [
        key
        for key, value in vars(module).items()
        if callable(value)
        and not key.startswith("_")
        and (isinstance(value, Module) or getattr(value, "__module__", "") == module.__name__)
    ]
    return f"; there are {', '.join(own)}" if own else ""


def _function(found: Any, name: str) -> Callable[..., Any]:
    """A function as it is; a class of models, or what makes one without arguments, called."""
    if isinstance(found, Module):
        return found
    if not callable(found):
        raise ConfigError(f"{name} is {type(found).__name__}, not a function or a model.")
    if isinstance(found, type):
        try:
            made = found()
        except Exception as error:
            raise ConfigError(
                f"{name}() couldn't be made: {type(error).__name__}: {error}. Name a function, or a model that is made already."
            ) from error
        if not callable(made):
            raise ConfigError(f"{name} is a class whose instances aren't functions.")
        return made  # type: ignore[no-any-return]
    if not inspect.signature(found).parameters:
        made = found()
        if isinstance(made, Module):
            return made
        raise ConfigError(f"{name}() takes no arguments, so there is nothing to differentiate; give it some.")
    return found  # type: ignore[no-any-return]


def inputs_at(at: str, shapes: Sequence[str] = ()) -> tuple[Any, ...]:
    """The inputs of `--at 2,5` (numbers, and lists for arrays), then one of ones for each `--shape 4,3`."""
    values: tuple[Any, ...] = ()
    if at.strip():
        try:
            found = ast.literal_eval(f"({at},)")
        except (ValueError, SyntaxError):
            raise ConfigError(
                f"--at {at!r} should be numbers and lists of numbers, such as 2,5 or [1,2,3],0.5."
            ) from None
        values = tuple(_value(x, at) for x in found)
    for text in shapes:
        try:
            shape = tuple(int(part) for part in text.replace("x", ",").split(",") if part.strip())
        except ValueError:
            raise ConfigError(f"--shape {text!r} should be sizes, such as 4,3.") from None
        if any(size < 0 for size in shape):
            raise ConfigError(f"--shape {text!r} should be sizes, such as 4,3.")
        values += (np.ones(shape, np.float32),)
    return values


def _value(x: Any, at: str) -> Any:
    if isinstance(x, int | float | complex) and not isinstance(x, bool):
        return x
    try:
        array = np.asarray(x)
    except ValueError:
        array = np.asarray("")
    if array.dtype.kind in "iuf":
        return array.astype(np.float64)
    raise ConfigError(f"--at {at!r} should be numbers and lists of numbers, such as 2,5 or [1,2,3],0.5.")


def called(target: str, at: str, shapes: Sequence[str]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function that the command line names, and its arguments. Raises ConfigError where these don't fit."""
    f = load(target)
    inputs = inputs_at(at, shapes)
    signature = inspect.signature(f.forward if isinstance(f, Module) else f)
    try:
        signature.bind(*inputs)
    except TypeError as error:
        raise ConfigError(
            f"{target} takes ({', '.join(signature.parameters)}), and --at gives {len(inputs)} of them: {error}."
        ) from None
    return f, inputs


def traced(target: str, at: str, shapes: Sequence[str], seed: int) -> Trace:
    """The trace of what the command line names."""
    f, inputs = called(target, at, shapes)
    return trace_call(f, *inputs, seed=seed)


def show_drawing(
    target: str, at: str, shapes: Sequence[str], out: Path, seed: int, options: dict[str, Any], console: Console
) -> int:
    """Draw it and write the file; returns the exit code."""
    found = traced(target, at, shapes, seed)
    drawing = draw(found, **options)
    path = drawing.save(out)
    console.print(f"{drawing.nodes} boxes in [bold]{escape(str(path))}[/]", highlight=False, soft_wrap=True)
    if drawing.cut:
        console.print(f"{drawing.cut:,} earlier operations aren't drawn; --max-nodes shows more.", highlight=False)
    return _stopped(found)


def show_trace(target: str, at: str, shapes: Sequence[str], seed: int, form: str, console: Console) -> int:
    """Print the evaluation trace; returns the exit code."""
    check_format(form, FORMATS)
    found = traced(target, at, shapes, seed)
    _print(trace_table(found), form, console)
    return _stopped(found)


def show_summary(target: str, at: str, shapes: Sequence[str], form: str, console: Console) -> int:
    """Print the table of a model's modules; returns the exit code."""
    check_format(form, SUMMARY_FORMATS)
    model = load(target)
    if not isinstance(model, Module):
        raise ConfigError(f"{target} isn't a model (an nn.Module); `tinygrad-edu trace` shows functions.")
    _print(summary(model, *inputs_at(at, shapes)), form, console)
    return 0


def check_format(form: str, formats: Sequence[str]) -> None:
    """Raise ConfigError for a form that isn't one of these."""
    if form not in formats:
        raise ConfigError(f"--format must be one of {', '.join(formats)}, not {form!r}.")


def _print(table: Any, form: str, console: Console) -> None:
    if form == "table":
        console.print(table)
    elif form == "json":
        print(json.dumps(table.records, ensure_ascii=False, indent=1, default=str))
    else:
        print(getattr(table, form), end="")


def _stopped(found: Trace) -> int:
    """One where the function raised; what it did until then is shown."""
    if not found.failed:
        return 0
    where = f" at {found.failure.source}: {found.failure.code}" if found.failure and found.failure.source else ""
    print(f"tinygrad-edu: {found.name} stopped{where}\n{found.failed}", file=sys.stderr)
    return 1
