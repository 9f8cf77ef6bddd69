"""Data sets, samplers and the loader that makes batches, with PyTorch's names and its order from the same seed."""

from tinygrad_edu.names import alias as _alias
from tinygrad_edu.names import no_such_name as _no_such_name
from tinygrad_edu.utils.data._collate import default_collate, default_convert
from tinygrad_edu.utils.data._dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
)
from tinygrad_edu.utils.data._loader import DataLoader
from tinygrad_edu.utils.data._sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from tinygrad_edu.utils.data._worker import WorkerInfo, get_worker_info

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "WorkerInfo",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]

_alias(__name__, "dataloader", "dataset", "sampler")
__getattr__ = _no_such_name(__name__)
