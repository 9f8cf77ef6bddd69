"""The commands and their options, as typer reads them; what they do is in the files beside this one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tinygrad_edu.cli import _settings
from tinygrad_edu.errors import ConfigError, TinygradEduError

app = typer.Typer(
    name="tinygrad-edu",
    help="Automatic differentiation to learn from: train a network, draw its graph, compare forward and reverse mode.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def run() -> None:
    """Run the command that the program's arguments name."""
    app(prog_name="tinygrad-edu")


@contextmanager
def _reported(command: str) -> Iterator[None]:
    """Turn what the package raises on purpose, and files that can't be written, into one line and an exit code."""
    try:
        yield
    except (TinygradEduError, OSError) as error:
        print(f"tinygrad-edu {command}: {str(error).removeprefix(f'{command}: ')}", file=sys.stderr)
        raise typer.Exit(2 if isinstance(error, ConfigError) else 1) from None
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        raise typer.Exit(130) from None


def _choice(what: str, choices: tuple[str, ...]) -> str:
    return f"{what}: {', '.join(choices)}."


@app.command()
def train(
    context: typer.Context,
    data: Annotated[str, typer.Option(help=_choice("What to learn", _settings.DATA))] = "digits",
    hidden: Annotated[str, typer.Option(help="Sizes of the hidden layers, or none.")] = "128,64",
    activation: Annotated[str, typer.Option(help=_choice("Between layers", _settings.ACTIVATIONS))] = "relu",
    loss: Annotated[str, typer.Option(help=_choice("What to make small", _settings.LOSSES))] = "cross-entropy",
    optimizer: Annotated[str, typer.Option(help=_choice("How", _settings.OPTIMIZERS))] = "adamw",
    lr: Annotated[float | None, typer.Option(help="Learning rate; by default one that suits the optimizer.")] = None,
    lr_decay: Annotated[str, typer.Option(help=_choice("How the learning rate falls", _settings.DECAYS))] = "linear",
    batch_size: Annotated[int | None, typer.Option(help="Images per step (digits 32, mnist 64).")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training images (digits 40, mnist 12).")] = None,
    dropout: Annotated[float, typer.Option(help="Share of hidden units to drop while training.")] = 0.0,
    init: Annotated[
        str, typer.Option(help=_choice("First weights (auto: Xavier for tanh and sigmoid, else He)", _settings.INITS))
    ] = "auto",
    weight_decay: Annotated[
        float | None, typer.Option(help="Pull of the weights to zero (adamw 0.01, others 0).")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same numbers.")] = 0,
    early_stop: Annotated[
        int,
        typer.Option(metavar="N", help="Stop after N epochs without a lower validation loss, with the best weights."),
    ] = 0,
    mode: Annotated[
        str, typer.Option(help=_choice("How gradients are found; several with commas, or all", _settings.MODES))
    ] = "reverse",
    tangents: Annotated[
        str | None, typer.Option(help=_choice("forward: through the network together or not", _settings.TANGENTS))
    ] = None,
    memory: Annotated[
        str | None, typer.Option(metavar="256M", help="forward, forward-gradient: for tangents, at most.")
    ] = None,
    directions: Annotated[int | None, typer.Option(metavar="K", help="forward-gradient: random directions.")] = None,
    perturb: Annotated[
        str | None, typer.Option(help=_choice("forward-gradient: where they start", _settings.PERTURBED))
    ] = None,
    resume: Annotated[Path | None, typer.Option(metavar="CHECKPOINT", help="Go on from this file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results (out, or the checkpoint's own).")] = None,
) -> None:
    """Train a network on handwritten digits; writes metrics, weights, a checkpoint, curves and a confusion matrix."""
    with _reported("train"):
        from tinygrad_edu.cli._train import train as start

        given = _settings.Settings(
            data, _settings.parse_hidden(hidden), activation, loss, optimizer, lr, lr_decay, batch_size, epochs, dropout,
            init, weight_decay, seed, early_stop, mode, tangents, memory, directions, perturb,
        )  # fmt: skip
        named = [field.name for field in fields(given) if _was_given(context, field.name)]
        raise typer.Exit(start(given, named, resume=resume, out=out, console=Console()))


def _was_given(context: typer.Context, option: str) -> bool:
    source = context.get_parameter_source(option)
    return source is not None and source.name != "DEFAULT"


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the page and all that is on it.")] = Path("out"),
    seed: Annotated[int, typer.Option(help="The same seed gives the same numbers.")] = 0,
) -> None:
    """Train on handwritten digits, draw one training step, compare forward and reverse mode: all on one page."""
    with _reported("demo"):
        from tinygrad_edu.cli._demo import demo as show

        raise typer.Exit(show(out, seed=seed, console=Console()))


@app.command()
def ops(
    name: Annotated[str, typer.Argument(help="Only those whose name contains this.")] = "",
    numpy: Annotated[bool, typer.Option("--numpy", help="NumPy's functions that work on Tensors.")] = False,
    form: Annotated[str, typer.Option("--format", help=_choice("How", ("table", "markdown", "json")))] = "table",
    coverage: Annotated[bool, typer.Option("--coverage", help="The page docs/coverage.md, as Markdown.")] = False,
) -> None:
    """List the operations: their family, their mathematics, their derivatives; or NumPy's functions."""
    with _reported("ops"):
        from tinygrad_edu.cli import _ops

        if coverage:
            print(_ops.coverage_page(), end="")
        else:
            _ops.show(name, numpy=numpy, form=form, console=Console())


_TARGET = Annotated[str, typer.Argument(metavar="FILE.py:FUNC", help="A function in a file, or a model.")]
_AT = Annotated[str, typer.Option(help="The inputs: numbers, and lists for arrays, such as 2,5 or [1,2,3],0.5.")]
_SHAPES = Annotated[
    list[str] | None, typer.Option("--shape", metavar="4,3", help="An input of ones with this shape; may be repeated.")
]
_SEED = Annotated[int, typer.Option(help="The number of the input whose tangent is one.")]


@app.command()
def draw(
    target: _TARGET,
    at: _AT = "",
    shape: _SHAPES = None,
    out: Annotated[Path, typer.Option(help="The file to write: .svg, .png, .dot or .html.")] = Path("graph.svg"),
    seed: _SEED = 0,
    depth: Annotated[int | None, typer.Option(help="Draw modules that are nested so deep as one box.")] = None,
    expand: Annotated[bool, typer.Option("--expand", help="Draw every one of several like modules in a row.")] = False,
    color_by: Annotated[str, typer.Option(help=_choice("Shade", ("none", "grad", "time", "flops", "bytes")))] = "none",
    max_nodes: Annotated[int, typer.Option(help="Boxes at most.")] = 150,
    rankdir: Annotated[str, typer.Option(help=_choice("Where it goes", ("TB", "BT", "LR", "RL")))] = "TB",
) -> None:
    """Draw the graph of a function: values, tangents, adjoints, and the local derivative on each arrow."""
    with _reported("draw"):
        from tinygrad_edu.cli._see import show_drawing

        options = {"depth": depth, "expand": expand, "color_by": color_by, "max_nodes": max_nodes, "rankdir": rankdir}
        raise typer.Exit(show_drawing(target, at, shape or [], out, seed, options, Console()))


@app.command()
def play(
    target: _TARGET,
    at: _AT = "",
    shape: _SHAPES = None,
    out: Annotated[Path, typer.Option(help="The page to write: .html.")] = Path("play.html"),
    seed: _SEED = 0,
    max_steps: Annotated[int, typer.Option(help="Operations at most.")] = 150,
    show: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
) -> None:
    """Write a page that steps through a function: values and tangents forward, adjoints back."""
    with _reported("play"):
        from tinygrad_edu.cli._play import show_player

        options = {"seed": seed, "max_steps": max_steps, "open": show}
        raise typer.Exit(show_player(target, at, shape or [], out, options, Console()))


@app.command()
def trace(
    target: _TARGET,
    at: _AT = "",
    shape: _SHAPES = None,
    seed: _SEED = 0,
    form: Annotated[
        str, typer.Option("--format", help=_choice("How", ("table", "markdown", "latex", "html", "json")))
    ] = "table",
) -> None:
    """Print the evaluation trace of a function: values and tangents forward, adjoints with their partial sums back."""
    with _reported("trace"):
        from tinygrad_edu.cli._see import show_trace

        raise typer.Exit(show_trace(target, at, shape or [], seed, form, Console()))


@app.command()
def summary(
    target: _TARGET,
    at: _AT = "",
    shape: _SHAPES = None,
    form: Annotated[
        str, typer.Option("--format", help=_choice("How", ("table", "markdown", "html", "json")))
    ] = "table",
) -> None:
    """Print the modules of a model: shapes, parameters, multiply-adds, memory forward and backward."""
    with _reported("summary"):
        from tinygrad_edu.cli._see import show_summary

        raise typer.Exit(show_summary(target, at, shape or [], form, Console()))


@app.command()
def compare(
    target: Annotated[str, typer.Argument(metavar="FILE.py:FUNC", help="A function in a file, or a model.")] = "",
    at: _AT = "",
    shape: _SHAPES = None,
    parameters: Annotated[
        bool, typer.Option("--parameters", help="Of a model: differentiate in its parameters, not in its inputs.")
    ] = False,
    form: Annotated[
        str, typer.Option("--format", help=_choice("How", ("table", "markdown", "html", "json")))
    ] = "table",
    out: Annotated[
        Path | None, typer.Option(help="A file to write, .html, .md, .json, .txt or .png; of a sweep the folder (out).")
    ] = None,
    memory: Annotated[str, typer.Option(help="What a batch of directions may hold, such as 64M.")] = "64M",
    repeats: Annotated[int, typer.Option(help="How often everything is timed.")] = 7,
    seed: Annotated[int, typer.Option(help="Of the random directions.")] = 0,
    function_seed: Annotated[
        int | None, typer.Option(help="For a function that draws random numbers: the seed before each call.")
    ] = None,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Instead of a function: networks of 1 to --largest inputs and outputs.")
    ] = False,
    largest: Annotated[int, typer.Option(help="Of a sweep: the most inputs and outputs.")] = 4096,
) -> None:
    """Compare forward with reverse mode on a function: passes, work, time, memory, and which to use."""
    with _reported("compare"):
        from tinygrad_edu.cli._compare import show_comparison, show_sweep
        from tinygrad_edu.func import parse_memory

        if sweep == bool(target):
            raise ConfigError(
                "name a function, FILE.py:FUNC, or give --sweep for networks of many sizes: one of the two."
            )
        options: dict[str, Any] = {"memory": parse_memory(memory), "repeats": repeats, "seed": seed}
        if sweep:
            raise typer.Exit(show_sweep(largest, out or Path("out"), options, Console()))
        options["function_seed"] = function_seed
        done = show_comparison(
            target, at, shape or [], parameters=parameters, out=out, form=form, options=options, console=Console()
        )
        raise typer.Exit(done)


@app.command("run")
def run_(
    script: Annotated[str, typer.Argument(help="A Python file that imports torch.")],
    arguments: Annotated[list[str] | None, typer.Argument(help="What the script finds in sys.argv.")] = None,
) -> None:
    """Run a script written for PyTorch as it is: in its process, `import torch` means this package."""
    from tinygrad_edu.as_torch import run_script

    raise typer.Exit(run_script(script, arguments or []))
