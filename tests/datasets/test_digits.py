"""The embedded digits: what they hold, and that the split never changes."""

import hashlib

import numpy as np

from tinygrad_edu.datasets import digits

# Of the bytes of the training images and labels, then of the test images and labels.
SPLIT = ["1865b29f51773d44", "2d864357726755de", "9fdcb6b4ea586391", "e60993bd5c003063"]


def test_shapes_types_and_range() -> None:
    data = digits()
    assert data.train_images.shape == (1433, 8, 8)
    assert data.test_images.shape == (364, 8, 8)
    assert data.train_labels.shape == (1433,)
    assert data.test_labels.shape == (364,)
    for images, labels in ((data.train_images, data.train_labels), (data.test_images, data.test_labels)):
        assert images.dtype == np.float32
        assert labels.dtype == np.int64
        assert (images.min(), images.max()) == (0, 1)
        assert set(labels) == set(range(data.classes))


def test_one_in_five_of_each_class_is_held_out() -> None:
    data = digits()
    train, test = np.bincount(data.train_labels), np.bincount(data.test_labels)
    np.testing.assert_array_equal(test, np.ceil((train + test) / 5))


def test_the_split_never_changes() -> None:
    data = digits()
    parts = (data.train_images, data.train_labels, data.test_images, data.test_labels)
    found = [hashlib.sha256(part.tobytes()).hexdigest()[:16] for part in parts]
    assert found == SPLIT


def test_the_caller_may_change_what_it_got() -> None:
    digits().train_images[:] = 7
    assert digits().train_images.max() == 1


def test_the_repr_shows_shapes_and_not_contents() -> None:
    assert repr(digits()) == (
        "ImageDataset('digits', classes=10, "
        "train_images=(1433, 8, 8) float32, train_labels=(1433,) int64, "
        "test_images=(364, 8, 8) float32, test_labels=(364,) int64)"
    )
