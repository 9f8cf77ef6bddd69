"""Forward against reverse mode on a function of yours: `print(compare(f, x))`.

`compare` calls, in this order: `_problem` (the function as one of flat inputs), `_journal` (a call written down), `_count`
(passes, operations and, by `_live`, bytes), `_measure` (times), `_witness` (what the values say), `_agree` (whether all of them
give the same), `_notes` (what has to be said of the function) and `_recommend`; `_modes` and `_report` put the result together.
`eliminate` and `orders` (`elimination`) go beyond both modes: the Jacobian by vertex elimination in any order.
"""

from tinygrad_edu.compare._agree import Agreement, Difference
from tinygrad_edu.compare._compare import Comparison, compare
from tinygrad_edu.compare._count import Batches, Counts, Pass
from tinygrad_edu.compare._measure import Chunks, Jacobian, Line, Measured, Times, Timing
from tinygrad_edu.compare._modes import CrossCountry, Mode
from tinygrad_edu.compare._notes import Note
from tinygrad_edu.compare._recommend import Crossover, Recommendation
from tinygrad_edu.compare.elimination import Elimination, LinearGraph, Orders, eliminate, graph_of, orders

__all__ = [
    "Agreement",
    "Batches",
    "Chunks",
    "Comparison",
    "Counts",
    "CrossCountry",
    "Crossover",
    "Difference",
    "Elimination",
    "Jacobian",
    "Line",
    "LinearGraph",
    "Measured",
    "Mode",
    "Note",
    "Orders",
    "Pass",
    "Recommendation",
    "Times",
    "Timing",
    "compare",
    "eliminate",
    "graph_of",
    "orders",
]
