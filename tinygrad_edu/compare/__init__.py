"""Forward against reverse mode on a function of yours: `print(compare(f, x))`.

`compare` calls, in this order: `_problem` (the function as one of flat inputs), `_count` (passes and sizes), `_measure`
(times), `_agree` (whether the modes give the same) and `_recommend`; `_report` prints the result.
"""

from tinygrad_edu.compare._agree import Agreement, Difference
from tinygrad_edu.compare._compare import Comparison, compare
from tinygrad_edu.compare._count import Counts
from tinygrad_edu.compare._measure import Jacobian, Timing
from tinygrad_edu.compare._recommend import Recommendation

__all__ = ["Agreement", "Comparison", "Counts", "Difference", "Jacobian", "Recommendation", "Timing", "compare"]
