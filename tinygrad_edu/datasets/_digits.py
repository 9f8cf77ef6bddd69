"""The UCI handwritten digits, embedded in the package; nothing here touches the network."""

from importlib import resources

import numpy as np

from tinygrad_edu.datasets._base import ImageDataset

# One image in five of each class is held out: 364 of 1,797.
_HELD_OUT_EVERY = 5


def digits() -> ImageDataset:
    """1,797 handwritten digits of 8x8 pixels: 1,433 to train on and 364 to test on.

    The split is the same on every machine and in every version: of each class, in the order of the file, the images
    numbered 0, 5, 10, ... are the test part. Both parts keep the file's order, so shuffle the training part. The file
    goes from writer to writer, so both parts hold digits of all of its writers.

    Returns:
        An `ImageDataset` with train_images (1433, 8, 8), test_images (364, 8, 8), 10 classes; fresh arrays every call.

    Source: E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository, CC BY 4.0.
    """
    path = resources.files("tinygrad_edu.datasets") / "data" / "digits.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        images = np.divide(archive["images"], 16, dtype=np.float32)  # (1797, 8, 8)
        labels = archive["labels"].astype(np.int64)  # (1797,)
    held_out = np.zeros(len(labels), dtype=bool)
    for label in range(10):
        held_out[np.flatnonzero(labels == label)[::_HELD_OUT_EVERY]] = True
    return ImageDataset(
        name="digits",
        train_images=images[~held_out],
        train_labels=labels[~held_out],
        test_images=images[held_out],
        test_labels=labels[held_out],
        classes=10,
    )
