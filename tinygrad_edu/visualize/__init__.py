"""What happens in a program, to look at: `draw(loss, model)`, `trace_table(f, x)`, `summary(model, x)`, `diff(before, after)`.

All of them read one recorded trace or graph (`_scene.py`); `trace(f, x)` is that trace by itself. `GradientHistory(model)` looks at
many training steps instead of one.
"""

from tinygrad_edu.visualize.both import BothSweeps, draw_both
from tinygrad_edu.visualize.diff import diff
from tinygrad_edu.visualize.draw import Drawing, draw
from tinygrad_edu.visualize.gradients import GradientHistory
from tinygrad_edu.visualize.layout import LayoutWarning
from tinygrad_edu.visualize.player import Page, play
from tinygrad_edu.visualize.summary import Summary, summary
from tinygrad_edu.visualize.table import TraceTable, trace_table
from tinygrad_edu.visualize.trace import Trace, trace

__all__ = [
    "BothSweeps",
    "Drawing",
    "GradientHistory",
    "LayoutWarning",
    "Page",
    "Summary",
    "Trace",
    "TraceTable",
    "diff",
    "draw",
    "draw_both",
    "play",
    "summary",
    "trace",
    "trace_table",
]
