"""A small residual network (He et al., 2016) with batch normalization that reads the small digits of the package.

Each block computes a correction to its input, x + f(x), so the gradient has a way round every layer.
Twenty epochs, some 20 seconds: 99.2 % of the test images right. `--short` trains for three.
"""

import argparse
import sys
import time
from typing import Any

import tinygrad_edu as tg
from tinygrad_edu import datasets, nn, optim
from tinygrad_edu.nn import functional as F
from tinygrad_edu.utils.data import DataLoader, TensorDataset


class Block(nn.Module):
    """Two convolutions beside a shortcut; where the shape changes, the shortcut is a 1 × 1 convolution."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Any) -> Any:  # (N, inputs, H, W) → (N, outputs, H / stride, W / stride)
        y = self.norm1(self.conv1(x)).relu()
        return (self.shortcut(x) + self.norm2(self.conv2(y))).relu()


def resnet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),  # (N, 1, 8, 8) → (N, 16, 8, 8)
        nn.BatchNorm2d(16),
        nn.ReLU(),
        Block(16, 16),
        Block(16, 32, stride=2),  # → (N, 32, 4, 4)
        Block(32, 64, stride=2),  # → (N, 64, 2, 2)
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def progress(done: int, total: int, loss: float) -> None:
    if sys.stderr.isatty():
        filled = 30 * done // total
        end = "\n" if done == total else ""
        print(f"\r[{'█' * filled}{' ' * (30 - filled)}] {done}/{total}, loss {loss:.3f}", end=end, file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="3 epochs instead of 20")
    options = parser.parse_args()
    epochs = 3 if options.short else 20

    tg.manual_seed(0)
    data = datasets.digits()
    train = TensorDataset(tg.tensor(data.train_images[:, None]), tg.tensor(data.train_labels))
    test_images, test_labels = tg.tensor(data.test_images[:, None]), tg.tensor(data.test_labels)
    loader = DataLoader(train, batch_size=64, shuffle=True)
    model = resnet()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=epochs * len(loader))
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(train):,} images to learn from")

    start = time.perf_counter()
    for epoch in range(1, epochs + 1):
        model.train()
        total = 0.0
        for i, (images, labels) in enumerate(loader, 1):
            loss = F.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            total += loss.item()
            progress(i, len(loader), total / i)
        print(f"epoch {epoch:2d}: loss {total / len(loader):.4f}, {time.perf_counter() - start:.0f} s")
    model.eval()  # batch normalization uses what it saw in training
    with tg.no_grad():
        right = (model(test_images).argmax(1) == test_labels).float().mean().item()
    print(f"test accuracy {right:.4f}")


if __name__ == "__main__":
    main()
