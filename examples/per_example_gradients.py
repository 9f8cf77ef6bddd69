"""A gradient for every example of a batch at once: `vmap` of `grad`, which a loop over `backward()` can't match.

The norms tell which images the model finds hardest. Compared with the loop for agreement and time.
"""

import time

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import datasets
from tinygrad_edu.func import grad, vmap


def loss(params: dict[str, tg.Tensor], image: tg.Tensor, onehot: tg.Tensor) -> tg.Tensor:
    hidden = tg.tanh(params["w1"] @ image + params["b1"])
    return -(tg.log_softmax(params["w2"] @ hidden + params["b2"]) * onehot).sum()


def main() -> None:
    rng = np.random.default_rng(0)
    data = datasets.digits()
    images = tg.tensor(data.train_images[:256].reshape(256, 64))
    onehots = tg.tensor(np.eye(10, dtype=np.float32)[data.train_labels[:256]])
    params = {
        "w1": tg.tensor(rng.normal(0, 0.1, (32, 64)).astype(np.float32)),
        "b1": tg.zeros(32),
        "w2": tg.tensor(rng.normal(0, 0.1, (10, 32)).astype(np.float32)),
        "b2": tg.zeros(10),
    }

    start = time.perf_counter()
    batched = vmap(grad(loss), in_dims=(None, 0, 0))(params, images, onehots)
    middle = time.perf_counter()
    looped = [grad(loss)(params, images[i], onehots[i]) for i in range(256)]
    end = time.perf_counter()

    worst = max(
        np.abs(batched[name][i].numpy() - gradient[name].numpy()).max()
        for i, gradient in enumerate(looped)
        for name in params
    )
    norms = np.sqrt(sum((g.numpy().reshape(256, -1) ** 2).sum(1) for g in batched.values()))
    print(
        f"256 gradients of {sum(p.numel() for p in params.values()):,} numbers each: shape {batched['w1'].shape} for w1"
    )
    print(f"vmap {1e3 * (middle - start):.0f} ms, a loop {1e3 * (end - middle):.0f} ms, largest difference {worst:.0e}")
    print(
        f"hardest image: number {norms.argmax()}, a {data.train_labels[norms.argmax()]}, gradient norm {norms.max():.2f}"
    )


if __name__ == "__main__":
    main()
