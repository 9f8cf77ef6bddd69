"""Labelled images to learn from, as plain arrays; cutting them into batches is `tinygrad_edu.utils.data`'s work.

>>> data = digits()
>>> data.train_images.shape, data.test_images.shape
((1433, 8, 8), (364, 8, 8))
"""

from tinygrad_edu.datasets._base import ImageDataset
from tinygrad_edu.datasets._digits import digits
from tinygrad_edu.datasets._idx import read_idx
from tinygrad_edu.datasets._mnist import mnist

__all__ = ["ImageDataset", "digits", "mnist", "read_idx"]
