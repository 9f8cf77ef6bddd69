"""Every exception and warning that the package raises on purpose.

TinygradEduError
├── ShapeError          shapes that don't meet (also a ValueError, and a RuntimeError as in PyTorch)
├── DTypeError          a dtype that can't be used so (also a TypeError)
├── LinAlgError         a matrix that isn't square, is singular, … (also NumPy's LinAlgError, and a RuntimeError)
├── GraphError          a sweep that can't run: no graph, freed graph (also a RuntimeError)
│   ├── InPlaceError    an in-place write that would make a gradient wrong
│   └── GradcheckError  a derivative that finite differences contradict
├── LevelError          a value of a transform used where that transform can't serve it (also a RuntimeError)
├── UnsupportedError    a function or option without a rule here (also a TypeError)
│   └── NotHereError    a part of PyTorch that isn't here (also an AssertionError and a RuntimeError)
├── ConfigError         a hyper-parameter or setting out of range (also a ValueError)
├── DataError           data that can't be used: a broken file, a label out of range (also a ValueError)
├── WorkerError         a data loader's process that died or takes too long (also a RuntimeError)
└── CheckpointError     a saved file that is broken, foreign or from another model (also a ValueError)

UserWarning
└── BatchLoopWarning    `vmap` met an op without a batching rule and loops over it
"""

import numpy as np


class TinygradEduError(Exception):
    """The root of the tree: `except TinygradEduError` catches what this package raises on purpose."""


# Also a RuntimeError: lessons written for PyTorch catch that.
class ShapeError(TinygradEduError, ValueError, RuntimeError):
    """Shapes that don't meet."""


class DTypeError(TinygradEduError, TypeError, RuntimeError):
    """A dtype that can't be used so: a gradient of an integer tensor, a float index."""


class LinAlgError(TinygradEduError, np.linalg.LinAlgError, RuntimeError):
    """A matrix that a function of linear algebra can't take: not square, singular, not positive definite."""


class GraphError(TinygradEduError, RuntimeError):
    """A sweep that can't run: no graph was recorded, or it was freed."""


class InPlaceError(GraphError):
    """An in-place write that would make a gradient wrong."""


class GradcheckError(GraphError):
    """A derivative that finite differences contradict, found by `gradcheck`."""


class LevelError(TinygradEduError, RuntimeError):
    """A transform's own value used where its transform can't serve it."""


class UnsupportedError(TinygradEduError, TypeError):
    """A function, option or argument without a rule here."""


class NotHereError(UnsupportedError, AssertionError, RuntimeError):
    """A part of PyTorch that isn't here: CUDA, other machines. PyTorch without them raises an AssertionError or a RuntimeError."""


class ConfigError(TinygradEduError, ValueError):
    """A hyper-parameter or setting out of range."""


class DataError(TinygradEduError, ValueError):
    """Data that can't be used: a file that is missing or broken, a label, index or probability out of range."""


class WorkerError(TinygradEduError, RuntimeError):
    """A process of a data loader that died or takes too long."""


class CheckpointError(TinygradEduError, ValueError):
    """A saved file that is broken, foreign, or from another model."""


class BatchLoopWarning(UserWarning):
    """`vmap` met an op without a batching rule and loops over the batch."""
