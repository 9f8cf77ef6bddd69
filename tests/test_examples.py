"""Every example runs as a user would run it, and prints its figure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
# What each must print, read back.
EXPECTED = {
    "char_gpt.py": ["1811 letters, 45 different", "step   39: loss 2.", "It writes:"],
    "cnn_mnist.py": ["digits: 1,433 images of 8 × 8 to learn from", "epoch 5: loss 0."],
    "mlp_mnist.py": ["digits: 1,433 images of 64 pixels to learn from", "test accuracy 0.9"],
    "resnet_digits.py": ["77,754 parameters, 1,433 images", "test accuracy 0.9"],
    "lstm_sine.py": ["step  3: loss ", "over all 100 values: "],
    "vae_digits.py": ["test ELBO -25.", "Drawn from noise:"],
    "maml_sine.py": ["batch   300: loss after the step 2.", "before the step, 2."],
    "pinn.py": ["step  10: mean squared residual 9.", "largest error against the exact solution 1."],
    "two_sweeps.py": ["v₅ = v₄ − v₃     11.652    5.500    1.000", "x₂                5.000    0.000    1.716"],
    "dual_numbers.py": [
        "sin x / x   1.0     0.841471 - 0.301169ε              0.841471 - 0.301169ε     -0.301169",
        "x = 2.094551481542, in 4 steps, with the dual numbers made here",
        "x = 2.094551481542, in 4 steps, with the dual numbers the package's",
        "1 xor 0:  1.000, should be 1",
    ],
    "forward_mode_mnist.py": [
        "3,110 tangents",
        "gradients of forward and reverse mode differ by",
        "the original: on MNIST 85 % in an hour",
    ],
    "newton.py": ["the minimum, all ones, was reached"],
    "fixed_point.py": ["implicit: peak memory", "the two gradients differ by", "shape (4, 50)"],
    "sparse_solve.py": [
        "forward and reverse Jacobians differ by",
        "the Hessian is symmetric to",
        "temperatures met to",
    ],
    "layers_mnist.py": ["digits: 100 and 200 relu units, batches of 119", "Adam  loss 0.00", "Drew the curves"],
    "numpy_learn_mnist.py": [
        "cross entropy   test accuracy 0.9",
        "squared errors  test accuracy 0.9",
        "    0    36    ·",
        "times smaller, so the same learning rate",
    ],
    "training_tricks_mnist.py": [
        "digits: 64 pixels, 89 tanh units",
        "+ momentum                  9",
        "178 and 46 units, dropout   9",
    ],
    "per_example_gradients.py": ["shape (256, 32, 64) for w1", "hardest image"],
}

# What makes those short that otherwise take their time.
SHORT = {
    "char_gpt.py": ["--steps", "40", "--out", "20"],
    **{f"{name}.py": ["--short"] for name in ("resnet_digits", "lstm_sine", "vae_digits", "maml_sine", "pinn")},
}


def test_every_example_is_tried():
    assert {p.name for p in EXAMPLES.glob("*.py")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_example(name, tmp_path):
    environment = {
        **os.environ,
        "PYTHONPATH": str(EXAMPLES.parent),
        "PYTHONIOENCODING": "utf-8",
        "OMP_NUM_THREADS": "1",
    }
    run = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *SHORT.get(name, [])],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    for line in EXPECTED[name]:
        assert line in run.stdout
