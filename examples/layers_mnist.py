"""784-100-200-10 in batches of 5,000: plain SGD, then Adam, both from He's first weights; the curves of both.

python examples/layers_mnist.py          the 1,797 small digits that come with the package: a second; draws layers_mnist.png
python examples/layers_mnist.py --full   MNIST, downloaded once: half a minute

The network that this repeats was made of layers written by hand in NumPy. With batches so large an epoch has twelve steps:
what a step does counts for more than how many there are.
"""

import argparse
import sys
import time

import tinygrad_edu as tg
from tinygrad_edu import datasets, nn, optim
from tinygrad_edu.nn import functional as F

OPTIMIZERS = {
    "SGD": lambda parameters: optim.SGD(parameters, lr=0.5),
    "Adam": lambda parameters: optim.Adam(parameters, lr=0.005),
}


def build(pixels):
    tg.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(pixels, 100), nn.ReLU(),
        nn.Linear(100, 200), nn.ReLU(),
        nn.Linear(200, 10),
    )  # fmt: skip
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")  # He et al. 2015
            nn.init.zeros_(layer.bias)
    return model


def train(name, data, batch_size, epochs):
    """Loss and test accuracy after each epoch, and the seconds it took."""
    images, labels = tg.tensor(data.train_images).flatten(1), tg.tensor(data.train_labels)
    test_images, test_labels = tg.tensor(data.test_images).flatten(1), tg.tensor(data.test_labels)
    model = build(images.shape[1])
    optimizer = OPTIMIZERS[name](model.parameters())
    losses, accuracies, start = [], [], time.perf_counter()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in tg.randperm(len(images)).split(batch_size):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        with tg.no_grad():
            right = (model(test_images).argmax(1) == test_labels).float().mean().item()
        losses.append(total / len(images))
        accuracies.append(right)
        if sys.stderr.isatty():
            print(f"\r  {name}: epoch {epoch} of {epochs}, loss {losses[-1]:.4f} ", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return losses, accuracies, time.perf_counter() - start


def draw(curves, path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, which, title in zip(figure.subplots(1, 2), (0, 1), ("training loss", "test accuracy"), strict=True):
        for name, found in curves.items():
            axes.plot(range(1, len(found[which]) + 1), found[which], label=name)
        axes.set(title=title, xlabel="epoch")
        axes.legend(frameon=False)
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description="784-100-200-10 in large batches, by SGD and by Adam.")
    parser.add_argument("--full", action="store_true", help="on MNIST instead of the small digits")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--out", default="layers_mnist.png", help="where to draw the curves")
    options = parser.parse_args()

    data = datasets.mnist() if options.full else datasets.digits()
    batch_size = len(data.train_images) // 12  # 5,000 of MNIST's
    print(f"{data.name}: 100 and 200 relu units, batches of {batch_size:,}, {options.epochs} epochs")
    curves = {}
    for name in OPTIMIZERS:
        curves[name] = losses, accuracies, seconds = train(name, data, batch_size, options.epochs)
        reached = next((i for i, accuracy in enumerate(accuracies, 1) if accuracy >= 0.95), None)
        when = f"95 % after epoch {reached}" if reached else "95 % not reached"
        print(
            f"{name:4}  loss {losses[-1]:.4f}  test accuracy {accuracies[-1]:.4f}  {when}  {seconds:.0f} s", flush=True
        )
    print("the originals, by hand in NumPy on MNIST: 0.95 to 0.97")
    draw(curves, options.out)
    print(f"Drew the curves: {options.out}")


if __name__ == "__main__":
    main()
