"""Data sets, samplers and the loader that makes batches, with PyTorch's names and its order from the same seed."""

from tinygrad_edu.utils.data._collate import default_collate
from tinygrad_edu.utils.data._dataset import Dataset, Subset, TensorDataset, random_split
from tinygrad_edu.utils.data._loader import DataLoader
from tinygrad_edu.utils.data._sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = [
    "BatchSampler",
    "DataLoader",
    "Dataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "TensorDataset",
    "default_collate",
    "random_split",
]
