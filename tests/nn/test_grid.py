"""Values between a grid's elements, and where they are read, against PyTorch's."""

import itertools

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.side_by_side import agree, same_function, same_under_vmap, x
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import functional as F

# Places inside and far outside, but on no kink.
IMAGE, PLACES = x(2, 3, 5, 4), 1.5 * x(2, 3, 4, 2, seed=1)
VOLUME, DEEP = x(2, 2, 3, 4, 5), 1.5 * x(2, 2, 3, 2, 3, seed=1)

PADDINGS = ("zeros", "border", "reflection")
FUNCTIONS = [
    *(("affine_grid", (x(2, 2, 3), (2, 3, 4, 5)), {"align_corners": align}) for align in (True, False)),
    *(("affine_grid", (x(2, 3, 4), (2, 1, 3, 4, 2)), {"align_corners": align}) for align in (True, False)),
    *(
        ("grid_sample", inputs, {"mode": mode, "padding_mode": padding, "align_corners": align})
        for inputs in ((IMAGE, PLACES), (VOLUME, DEEP))
        for mode, padding, align in itertools.product(["bilinear"], PADDINGS, (True, False))
    ),
]


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "args", "options"), FUNCTIONS)
def test_values_and_gradients_are_pytorch_s(name, args, options):
    same_function(name, args, options)


@pytest.mark.oracle
@pytest.mark.parametrize(("padding", "align"), list(itertools.product(PADDINGS, (True, False))))
@pytest.mark.parametrize(("image", "places"), [(IMAGE, PLACES), (VOLUME, DEEP)])
def test_the_nearest_value_is_pytorch_s_and_its_gradient_the_image_s_alone(image, places, padding, align):
    torch = pytest.importorskip("torch")
    options = {"mode": "nearest", "padding_mode": padding, "align_corners": align}
    a, b = tg.tensor(image, requires_grad=True), torch.tensor(image, requires_grad=True)
    y, z = (
        F.grid_sample(a, tg.tensor(places), **options),
        torch.nn.functional.grid_sample(b, torch.tensor(places), **options),
    )
    (y**2).sum().backward(), (z**2).sum().backward()
    agree(y, z, 1e-12), agree(a.grad, b.grad, 1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize("size", [(2, 1, 28, 31), (1, 2, 10, 7)])
def test_the_identity_s_gradient_is_pytorch_s_though_every_place_is_a_kink(size):
    torch = pytest.importorskip("torch")
    image, found = np.random.default_rng(0).normal(size=size).astype(np.float32), []
    for library in (tg, torch):
        functional = library.nn.functional
        theta = library.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]] * size[0], requires_grad=True)
        places = functional.affine_grid(theta, size, align_corners=False)
        (functional.grid_sample(library.tensor(image), places, align_corners=False) ** 2).sum().backward()
        found.append(theta.grad)
    agree(*found, 1e-5)


def test_it_maps_over_a_batch():
    same_under_vmap(F.grid_sample, IMAGE, PLACES)


def test_the_identity_gives_the_image_back():
    theta = tg.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]).expand(2, 2, 3)
    image = tg.tensor(IMAGE).float()
    assert tg.allclose(F.grid_sample(image, F.affine_grid(theta, image.shape)), image, atol=1e-6)


REFUSED = [
    (
        lambda: F.affine_grid(tg.zeros(2, 3, 3), (2, 1, 4, 4)),
        ShapeError,
        "affine_grid: theta has shape (N, 2, 3) for a size (N, C, H, W), or (N, 3, 4) for (N, C, D, H, W); got (2, 3, 3) and "
        "(2, 1, 4, 4).",
    ),
    (
        lambda: F.grid_sample(tg.zeros(2, 1, 4, 4), tg.zeros(1, 3, 3, 2)),
        ShapeError,
        "grid_sample: needs an input (N, C, H, W) and a grid (N, H', W', 2), or (N, C, D, H, W) and (N, D', H', W', 3); got "
        "(2, 1, 4, 4) and (1, 3, 3, 2).",
    ),
    (
        lambda: F.grid_sample(tg.zeros(1, 1, 4, 4), tg.zeros(1, 3, 3, 2), mode="bicubic"),
        ConfigError,
        "grid_sample: mode is one of bilinear, nearest and padding_mode one of zeros, border, reflection, not 'bicubic' and "
        "'zeros'.",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message
