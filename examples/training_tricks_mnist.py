"""One small network, eight ways to train it: what each trick is worth, beside the hand-written network of long ago.

python examples/training_tricks_mnist.py          the 1,797 small digits that come with the package: some seconds
python examples/training_tricks_mnist.py --full   MNIST, downloaded once: under a minute a row, as in the original

Each row keeps what helped in the rows before. All of them hold out a twelfth of the training images, stop when the loss on those
has not fallen for five epochs, and go back to the weights of the best epoch.
"""

import argparse
import copy
import sys
import time
from dataclasses import dataclass

import tinygrad_edu as tg
from tinygrad_edu import datasets, nn, optim
from tinygrad_edu.nn import functional as F
from tinygrad_edu.utils.data import DataLoader, TensorDataset


@dataclass
class Recipe:
    name: str
    original: float  # per cent of the test images, by the hand-written network
    loss: str = "cross entropy"
    momentum: float = 0.0
    decay: str = "none"
    glorot: bool = False
    dropout: float = 0.0
    hidden: tuple[int, ...] = (89,)


RECIPES = [
    Recipe("squared error of sigmoids", 73.8, loss="squares"),
    Recipe("softmax and cross entropy", 91.9),
    Recipe("+ momentum", 94.9, momentum=0.9),
    Recipe("+ rate falls linearly", 96.0, momentum=0.9, decay="linear"),
    Recipe("  or exponentially", 95.2, momentum=0.9, decay="exponential"),
    Recipe("+ Glorot's first weights", 96.9, momentum=0.9, decay="linear", glorot=True),
    Recipe("+ dropout", 96.0, momentum=0.9, decay="linear", glorot=True, dropout=0.1),
    Recipe("178 and 46 units, dropout", 96.5, momentum=0.9, decay="linear", glorot=True, dropout=0.1, hidden=(178, 46)),
]
FINAL_RATE = 0.02  # what a falling rate has come down to in the last epoch, as a part of the first


class EarlyStopping:
    """Keeps the weights of the best epoch, and says when to stop waiting for a better one."""

    def __init__(self, model, patience):
        self.model, self.patience = model, patience
        self.best, self.epoch, self.weights = float("inf"), 0, None

    def should_stop(self, epoch, loss):
        if loss < self.best:
            self.best, self.epoch, self.weights = loss, epoch, copy.deepcopy(self.model.state_dict())
        return epoch - self.epoch >= self.patience

    def restore(self):
        self.model.load_state_dict(self.weights)


def build(recipe, pixels):
    layers, before = [], pixels
    for units in recipe.hidden:
        layers += [nn.Linear(before, units), nn.Tanh(), nn.Dropout(recipe.dropout)]
        before = units
    layers.append(nn.Linear(before, 10))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            if recipe.glorot:
                nn.init.xavier_uniform_(layer.weight)
            else:
                nn.init.normal_(layer.weight, std=0.1)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def loss_of(recipe, scores, labels):
    if recipe.loss == "squares":
        return F.mse_loss(tg.sigmoid(scores), F.one_hot(labels, 10).float())
    return F.cross_entropy(scores, labels)


def schedule(recipe, optimizer, epochs):
    if recipe.decay == "linear":
        return optim.lr_scheduler.LinearLR(optimizer, 1.0, FINAL_RATE, total_iters=epochs - 1)
    return optim.lr_scheduler.ExponentialLR(
        optimizer, FINAL_RATE ** (1 / (epochs - 1)) if recipe.decay != "none" else 1.0
    )


def train(recipe, images, labels, epochs):
    """The trained model, and the epoch that its weights are of."""
    tg.manual_seed(0)
    held_out = len(images) // 12
    valid = images[:held_out], labels[:held_out]
    loader = DataLoader(TensorDataset(images[held_out:], labels[held_out:]), batch_size=64, shuffle=True)
    model = build(recipe, images.shape[1])
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=recipe.momentum)
    scheduler = schedule(recipe, optimizer, epochs)
    stopping = EarlyStopping(model, patience=5)
    for epoch in range(1, epochs + 1):
        model.train()
        for batch, answers in loader:
            loss = loss_of(recipe, model(batch), answers)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        model.eval()
        with tg.no_grad():
            found = loss_of(recipe, model(valid[0]), valid[1]).item()
        if sys.stderr.isatty():
            print(f"\r  {recipe.name}: epoch {epoch} of {epochs}, loss {found:.4f} ", end="", file=sys.stderr)
        if stopping.should_stop(epoch, found):
            break
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    stopping.restore()
    return model, stopping.epoch


def main() -> None:
    parser = argparse.ArgumentParser(description="What tricks of training are worth.")
    parser.add_argument("--full", action="store_true", help="on MNIST instead of the small digits")
    parser.add_argument("--epochs", type=int, help="at most (12 on MNIST, 60 on the digits)")
    options = parser.parse_args()
    epochs = options.epochs or (12 if options.full else 60)

    data = datasets.mnist() if options.full else datasets.digits()
    images, labels = tg.tensor(data.train_images).flatten(1), tg.tensor(data.train_labels)
    test_images, test_labels = tg.tensor(data.test_images).flatten(1), tg.tensor(data.test_labels)
    print(f"{data.name}: {images.shape[1]} pixels, 89 tanh units, 10 classes; at most {epochs} epochs")
    print(f"{'':26} {'test':>6}  {'original, on MNIST':>18}  best epoch  time")
    for recipe in RECIPES:
        start = time.perf_counter()
        model, epoch = train(recipe, images, labels, epochs)
        with tg.no_grad():
            right = (model(test_images).argmax(1) == test_labels).float().mean().item()
        seconds = time.perf_counter() - start
        print(f"{recipe.name:26} {right:6.1%}  {recipe.original:17.1f}%  {epoch:10}  {seconds:2.0f} s", flush=True)


if __name__ == "__main__":
    main()
