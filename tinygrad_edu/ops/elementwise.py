"""Everything elementwise in one place, for those who use it; the declarations are in a file for each theme."""

from tinygrad_edu.ops.arithmetic import *  # noqa: F403
from tinygrad_edu.ops.choice import *  # noqa: F403
from tinygrad_edu.ops.exponential import *  # noqa: F403
from tinygrad_edu.ops.logic import *  # noqa: F403
from tinygrad_edu.ops.rounding import *  # noqa: F403
from tinygrad_edu.ops.trigonometric import *  # noqa: F403
