"""What a data set of labelled images looks like; where its numbers come from is the other modules' concern."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


# eq=False: comparing two arrays gives an array, so a generated __eq__ would raise; identity is what is meant.
@dataclass(frozen=True, eq=False, repr=False)
class ImageDataset:
    """Grey images with a class each, split into a training and a test part.

    Attributes:
        name: what the set is called, e.g. ``"digits"``.
        train_images: (n, h, w) float32 in [0, 1], 0 is background.
        train_labels: (n,) int64 in ``range(classes)``.
        test_images: (m, h, w) float32 in [0, 1].
        test_labels: (m,) int64 in ``range(classes)``.
        classes: how many classes there are.
    """

    name: str
    train_images: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.float32]
    test_labels: NDArray[np.int64]
    classes: int

    def __repr__(self) -> str:
        def kind(array: NDArray[Any]) -> str:
            return f"{array.shape} {array.dtype}"

        return (
            f"ImageDataset({self.name!r}, classes={self.classes}, "
            f"train_images={kind(self.train_images)}, train_labels={kind(self.train_labels)}, "
            f"test_images={kind(self.test_images)}, test_labels={kind(self.test_labels)})"
        )
