"""An LSTM that learns sine waves from examples, then goes on with phases it never saw, fed only with its own predictions.

It learns to say the next value of slightly noisy waves, by LBFGS in float64. Then it is given the first part of each new wave and
runs free: every prediction is the next input, so errors add up. After 12 steps, some ten seconds, the error over 100 values is
0.0022, root mean square.
`python lstm_sine.py --short` trains for a few seconds only.
"""

import argparse
import math
import sys
from typing import Any

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.nn import functional as F

GIVEN, FREE = 60, 100  # values of a wave that are given, and that are to be predicted
HEARD = 10  # values before which nothing is asked: they don't say yet which wave it is


class Predictor(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, width, batch_first=True)
        self.out = nn.Linear(width, 1)

    def forward(self, x: Any, state: Any = None) -> Any:  # (N, T, 1) → the value after each, (N, T, 1), and the state
        h, state = self.lstm(x, state)
        return self.out(h), state

    @tg.no_grad()
    def run_free(self, x: Any, count: int) -> Any:  # (N, T, 1) → (N, count, 1)
        y, state = self(x)
        written = [y[:, -1:]]
        while len(written) < count:
            y, state = self(written[-1], state)
            written.append(y)
        return tg.cat(written, dim=1)


def waves(count: int, length: int) -> Any:
    """`count` sine waves of period 20, starting anywhere: (count, length, 1)."""
    phase = 2 * math.pi * tg.rand(count, 1)
    return tg.sin(2 * math.pi * tg.arange(length) / 20 + phase)[..., None]


def progress(done: int, total: int, loss: float) -> None:
    if sys.stderr.isatty():
        filled = 30 * done // total
        end = "\n" if done == total else ""
        print(f"\r[{'█' * filled}{' ' * (30 - filled)}] {done}/{total}, loss {loss:.1e}", end=end, file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="train for a few seconds only")
    options = parser.parse_args()
    steps = 3 if options.short else 12

    tg.manual_seed(0)
    tg.set_default_dtype(tg.float64)  # LBFGS compares nearby losses: float32 would stop it early
    model = Predictor(width=24)
    train, test = waves(40, GIVEN + FREE), waves(20, GIVEN + FREE)
    optimizer = optim.LBFGS(model.parameters(), max_iter=20, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    noisy = train + 0.02 * tg.randn_like(train)  # so that it learns to bear its own errors

    def closure() -> Any:
        optimizer.zero_grad()
        guess, _ = model(noisy[:, :-1])
        loss = F.mse_loss(guess[:, HEARD:], train[:, HEARD + 1 :])
        loss.backward()
        return loss

    for step in range(1, steps + 1):
        loss = optimizer.step(closure).item()  # the loss before the step's twenty iterations
        progress(step, steps, loss)
        if step == 1 or step % 5 == 0 or step == steps:
            print(f"step {step:2d}: loss {loss:.2e}")
    error = (model.run_free(test[:, :GIVEN], FREE) - test[:, GIVEN:]).square().mean(dim=(0, 2)).sqrt()
    still = test[:, GIVEN:].square().mean().sqrt().item()
    print(f"free-running error (root mean square; always 0 would have {still:.3f}):")
    print(", ".join(f"value {i}: {error[i - 1].item():.4f}" for i in (1, 10, 50, FREE)))
    print(f"over all {FREE} values: {error.square().mean().sqrt().item():.4f}")


if __name__ == "__main__":
    main()
