"""A convolutional network that reads handwritten digits.

python examples/cnn_mnist.py          the 1,797 small digits that come with the package: seconds
python examples/cnn_mnist.py --full   MNIST, downloaded once: minutes, above 99 % of the test images right
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import datasets, nn, optim
from tinygrad_edu.utils.data import DataLoader, TensorDataset


class CNN(nn.Module):
    """Two convolutions, each followed by a pool that halves the image, and two linear layers."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(32)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout(0.25)
        self.hidden = nn.Linear(32 * (side // 4) ** 2, 128)
        self.out = nn.Linear(128, 10)

    def forward(self, x: Any) -> Any:  # (N, 1, side, side) → (N, 10)
        x = self.pool(self.norm1(self.conv1(x)).relu())  # (N, 16, side/2, side/2)
        x = self.pool(self.norm2(self.conv2(x)).relu())  # (N, 32, side/4, side/4)
        x = self.hidden(self.drop(x.flatten(1))).relu()
        return self.out(self.drop(x))


def bar(batches: Iterable[Any], total: int, title: str) -> Iterator[Any]:
    """The batches, with a bar on the terminal that says how far they are."""
    for done, batch in enumerate(batches, 1):
        yield batch
        if sys.stderr.isatty():
            filled = 30 * done // total
            end = "\n" if done == total else ""
            print(f"\r{title} [{'█' * filled}{' ' * (30 - filled)}] {done}/{total}", end=end, file=sys.stderr)


def accuracy(model: nn.Module, images: Any, labels: Any) -> float:
    model.eval()
    with tg.no_grad():
        guesses = [model(tg.tensor(images[i : i + 500])).argmax(1).numpy() for i in range(0, len(images), 500)]
    return float((np.concatenate(guesses) == labels).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a convolutional network on handwritten digits.")
    parser.add_argument("--full", action="store_true", help="on MNIST instead of the small digits")
    parser.add_argument("--epochs", type=int, default=5)
    options = parser.parse_args()

    tg.manual_seed(0)
    data = datasets.mnist() if options.full else datasets.digits()
    side = data.train_images.shape[-1]
    train = TensorDataset(tg.tensor(data.train_images[:, None]), tg.tensor(data.train_labels))
    loader = DataLoader(train, batch_size=64, shuffle=True)
    model = CNN(side)
    optimizer = optim.Adam(model.parameters(), lr=1e-3 if options.full else 4e-3)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=options.epochs)
    criterion = nn.CrossEntropyLoss()
    print(f"{data.name}: {len(train):,} images of {side} × {side} to learn from")

    start = time.perf_counter()
    for epoch in range(1, options.epochs + 1):
        model.train()
        total = 0.0
        for images, labels in bar(loader, len(loader), f"epoch {epoch}"):
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        scheduler.step()
        right = accuracy(model, data.test_images[:, None], data.test_labels)
        seconds = time.perf_counter() - start
        print(f"epoch {epoch}: loss {total / len(loader):.4f}, test accuracy {right:.2%}, {seconds:.0f} s")


if __name__ == "__main__":
    main()
