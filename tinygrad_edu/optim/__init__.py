"""Optimizers with PyTorch's names; they write into parameters in place. `lr_scheduler` changes their learning rates,
`swa_utils` averages what they find.
"""

from tinygrad_edu.names import alias as _alias
from tinygrad_edu.names import no_such_name as _no_such_name
from tinygrad_edu.optim import lr_scheduler, swa_utils
from tinygrad_edu.optim._adadelta import Adadelta
from tinygrad_edu.optim._adagrad import Adagrad
from tinygrad_edu.optim._adam import Adam, AdamW
from tinygrad_edu.optim._adamax import Adamax
from tinygrad_edu.optim._lbfgs import LBFGS
from tinygrad_edu.optim._muon import Muon
from tinygrad_edu.optim._nadam import NAdam
from tinygrad_edu.optim._optimizer import Optimizer
from tinygrad_edu.optim._radam import RAdam
from tinygrad_edu.optim._rmsprop import RMSprop
from tinygrad_edu.optim._sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "lr_scheduler",
    "swa_utils",
]

_alias(
    __name__, "adadelta", "adagrad", "adam", "adamax", "adamw", "lbfgs", "nadam", "optimizer", "radam", "rmsprop", "sgd",
)  # fmt: skip
__getattr__ = _no_such_name(__name__)
