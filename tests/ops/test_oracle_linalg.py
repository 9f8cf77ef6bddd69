"""`tinygrad_edu.linalg` and `tinygrad_edu.fft` against PyTorch: values, gradients and tangents, real and complex, on stacks."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

RNG = np.random.default_rng(4)
DTYPES = ("float32", "float64", "complex64", "complex128")


def random(*shape, dtype="float64"):
    x = RNG.normal(size=shape)
    return (x + 1j * RNG.normal(size=shape) if dtype.startswith("c") else x).astype(dtype)


def square(dtype, *lead, n=3):
    return (random(*lead, n, n, dtype=dtype) + np.diag(3.0 + 2 * np.arange(n))).astype(dtype)


def rectangular(dtype, *lead, m=4, n=2):
    return (random(*lead, m, n, dtype=dtype) + np.eye(m, n) * (3.0 + 2 * np.arange(n))).astype(dtype)


def hermitian(dtype, *lead, n=3):
    x = square(dtype, *lead, n=n)
    return (x + x.conj().mT) / 2


def definite(dtype, *lead, n=3):
    x = random(*lead, n, n, dtype=dtype)
    return x @ x.conj().mT + 2 * np.eye(n, dtype=dtype)


def outers(v):
    """v vᴴ of each column, which doesn't depend on its phase."""
    return v.mT[..., :, None] * v.mT.conj()[..., None, :]


def phaseless(result):
    return result[0], outers(result[1])


def svd_bases(result):
    u, s, vh = result
    return s, u @ vh, outers(u)


# name -> (the function of a library's `linalg` module and the arrays, the arrays as a function of the dtype)
CASES = {
    "inv": (lambda m, a: m.inv(a), lambda d: [square(d, 2)]),
    "det": (lambda m, a: m.det(a), lambda d: [square(d, 2)]),
    "slogdet": (lambda m, a: m.slogdet(a), lambda d: [square(d, 2)]),
    "solve": (lambda m, a, b: m.solve(a, b), lambda d: [square(d, 2), random(2, 3, 2, dtype=d)]),
    "solve a vector": (lambda m, a, b: m.solve(a, b), lambda d: [square(d), random(3, dtype=d)]),
    "solve stacked vectors": (lambda m, a, b: m.solve(a, b), lambda d: [square(d, 2), random(2, 3, dtype=d)]),
    "solve from the right": (lambda m, a, b: m.solve(a, b, left=False), lambda d: [square(d), random(2, 3, dtype=d)]),
    "solve_triangular": (
        lambda m, a, b: m.solve_triangular(a, b, upper=True),
        lambda d: [square(d), random(2, 3, 2, dtype=d)],
    ),
    "solve_triangular, unit, right": (
        lambda m, a, b: m.solve_triangular(a, b, upper=False, left=False, unitriangular=True),
        lambda d: [square(d), random(2, 3, dtype=d)],
    ),
    "cholesky": (lambda m, a: m.cholesky(a), lambda d: [definite(d, 2)]),
    "cholesky, upper": (lambda m, a: m.cholesky(a, upper=True), lambda d: [definite(d)]),
    "qr": (lambda m, a: m.qr(a), lambda d: [rectangular(d, 2)]),
    "qr, wide": (lambda m, a: m.qr(a), lambda d: [rectangular(d, m=2, n=4)]),
    "eigh": (lambda m, a: phaseless(m.eigh(a)), lambda d: [hermitian(d, 2)]),
    "eigvalsh": (lambda m, a: m.eigvalsh(a), lambda d: [hermitian(d, 2)]),
    "eig": (lambda m, a: phaseless(m.eig(a)), lambda d: [square(d, 2)]),
    "eigvals": (lambda m, a: m.eigvals(a), lambda d: [square(d)]),
    "svd": (lambda m, a: svd_bases(m.svd(a, full_matrices=False)), lambda d: [rectangular(d, 2)]),
    "svd, wide": (lambda m, a: m.svd(a, full_matrices=False).S, lambda d: [rectangular(d, m=2, n=3)]),
    "svdvals": (lambda m, a: m.svdvals(a), lambda d: [rectangular(d, 2)]),
    "pinv": (lambda m, a: m.pinv(a), lambda d: [rectangular(d, 2)]),
    "pinv of low rank": (
        lambda m, a, b: m.pinv(a @ b, rtol=1e-3),
        lambda d: [rectangular(d), rectangular(d, m=2, n=3)],
    ),
    "lstsq": (lambda m, a, b: m.lstsq(a, b).solution, lambda d: [rectangular(d, 2), random(2, 4, 3, dtype=d)]),
    "matrix_power": (lambda m, a: m.matrix_power(a, -3), lambda d: [square(d, 2)]),
    "matrix_exp": (lambda m, a: m.matrix_exp(a), lambda d: [random(2, 3, 3, dtype=d)]),
    "multi_dot": (
        lambda m, a, b, c: m.multi_dot([a, b, c]),
        lambda d: [random(2, 3, dtype=d), random(3, 4, dtype=d), random(4, dtype=d)],
    ),
    "tensorinv": (lambda m, a: m.tensorinv(a), lambda d: [square(d, n=6).reshape(2, 3, 3, 2)]),
    "tensorsolve": (
        lambda m, a, b: m.tensorsolve(a, b),
        lambda d: [square(d, n=6).reshape(2, 3, 6), random(2, 3, dtype=d)],
    ),
    "cond": (lambda m, a: m.cond(a), lambda d: [square(d, 2)]),
    "vander": (lambda m, a: m.vander(a, N=4), lambda d: [random(2, 3, dtype=d)]),
    "cross": (lambda m, a, b: m.cross(a, b, dim=0), lambda d: [random(3, 2, dtype=d), random(3, 2, dtype=d)]),
    "vecdot": (lambda m, a, b: m.vecdot(a, b, dim=0), lambda d: [random(3, 2, dtype=d), random(3, 2, dtype=d)]),
    "diagonal": (lambda m, a: m.diagonal(a, offset=1), lambda d: [square(d, 2)]),
    "norm": (lambda m, a: m.norm(a), lambda d: [random(2, 3, dtype=d)]),
    **{
        f"vector norm {p}": (lambda m, a, p=p: m.norm(a, p, dim=1, keepdim=True), lambda d: [random(2, 3, dtype=d)])
        for p in (float("inf"), -float("inf"), 0, 1, -1, 2, -2, 3, 0.5)
    },
    **{
        f"matrix norm {p}": (lambda m, a, p=p: m.matrix_norm(a, p, dim=(0, 2)), lambda d: [random(3, 2, 2, dtype=d)])
        for p in ("fro", "nuc", float("inf"), -float("inf"), 1, -1, 2, -2)
    },
    "vector_norm": (lambda m, a: m.vector_norm(a, 3, dim=(0, 1)), lambda d: [random(2, 3, 2, dtype=d)]),
}  # fmt: skip

FFT = {
    **{
        f"{name}, {norm}": (lambda m, x, name=name, norm=norm: getattr(m, name)(x, norm=norm), name.startswith(("rfft", "ihfft")))
        for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifftn", "rfftn", "irfft2", "hfftn", "ihfft2")
        for norm in (None, "ortho", "forward")
    },
    **{
        f"{name} of {n}": (lambda m, x, name=name, n=n: getattr(m, name)(x, n=n, dim=0), name in ("rfft", "ihfft"))
        for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
        for n in (2, 3, 6)
    },
    "rfftn over two": (lambda m, x: m.rfftn(x, s=(2, 4), dim=(2, 0)), True),
    "irfftn over two": (lambda m, x: m.irfftn(x, s=(2, 5), dim=(2, 0)), False),
    "fftshift": (lambda m, x: m.fftshift(x, dim=(1,)), False),
    "ifftshift": (lambda m, x: m.ifftshift(x), False),
}  # fmt: skip


def flat(y):
    return [y] if hasattr(y, "shape") else list(y)


def close(got, want, dtype, what):
    got, want = got.detach().numpy(), want.resolve_conj().detach().numpy()
    assert (got.shape, got.dtype) == (want.shape, want.dtype), what
    tolerance = 2e-3 if dtype in ("float32", "complex64") else 1e-9
    np.testing.assert_allclose(
        got, want, rtol=tolerance, atol=tolerance * max(1.0, np.abs(want).max(initial=0)), err_msg=what
    )


def compare(f, ours, theirs, arrays, dtype):
    """Values, the gradient of a random combination of the outputs, and the tangents along random directions."""
    x = [tg.tensor(a, requires_grad=True) for a in arrays]
    t = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, u = flat(f(ours, *x)), flat(f(theirs, *t))
    y_bars = [random(*v.shape, dtype=str(np.asarray(v.detach().resolve_conj().numpy()).dtype)) for v in u]
    for mine, other in zip(y, u, strict=True):
        close(mine, other, dtype, "value")
    moving = [i for i, v in enumerate(u) if v.requires_grad]
    if not moving:
        return
    dots = [random(*a.shape, dtype=dtype) for a in arrays]
    tangents = flat(
        func.jvp(lambda *z: tuple(flat(f(ours, *z))), tuple(map(tg.tensor, arrays)), tuple(map(tg.tensor, dots)))[1]
    )
    if f not in HERMITIAN:
        wanted = torch.func.jvp(
            lambda *z: tuple(flat(f(theirs, *z))), tuple(map(torch.tensor, arrays)), tuple(map(torch.tensor, dots))
        )[1]
        for i in moving:
            close(tangents[i], wanted[i], dtype, "tangent")
    tg.autograd.backward([y[i] for i in moving], [tg.tensor(y_bars[i]) for i in moving])
    torch.autograd.backward([u[i] for i in moving], [torch.tensor(y_bars[i]) for i in moving])
    for mine, other in zip(x, t, strict=True):
        wanted = torch.zeros_like(other) if other.grad is None else other.grad
        close(mine.grad, hermitian_part(wanted) if f in HERMITIAN else wanted, dtype, "gradient")


HERMITIAN = [CASES[name][0] for name in ("cholesky", "cholesky, upper", "eigh", "eigvalsh")]
"""Functions of a Hermitian matrix: PyTorch's tangents are for Hermitian directions, and of its gradients only the
Hermitian part says anything."""


def hermitian_part(g):
    return (g + g.mT.conj()) / 2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_linalg(name, dtype):
    f, arrays = CASES[name]
    compare(f, tg.linalg, torch.linalg, arrays(dtype), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FFT)
def test_fft(name, dtype):
    f, real = FFT[name]
    if real and dtype.startswith("c"):
        pytest.skip("takes real numbers")
    compare(f, tg.fft, torch.fft, [random(3, 4, 2, dtype=dtype)], dtype)


def test_frequencies():
    assert np.allclose(tg.fft.fftfreq(5, 0.1).numpy(), torch.fft.fftfreq(5, 0.1).numpy())
    assert np.allclose(tg.fft.rfftfreq(6).numpy(), torch.fft.rfftfreq(6).numpy())
    assert tg.fft.fftfreq(4).dtype == np.float32


def test_logdet_and_cholesky_solve():
    a, b = definite("float64", 2), random(2, 3, 2)
    compare(lambda m, a: (m.logdet(a),), tg.linalg, torch, [a], "float64")
    for upper in (False, True):

        def f(m, b, factor, upper=upper):
            return (m.cholesky_solve(b, factor.triu() if upper else factor.tril(), upper=upper),)

        compare(f, tg.linalg, torch, [b, square("float64", 2)], "float64")


@pytest.mark.parametrize("p", [None, "fro", "nuc", float("inf"), -float("inf"), 1, -1, 2, -2])
@pytest.mark.parametrize("a", [np.zeros((2, 2)), np.ones((2, 2)), np.eye(2)], ids=["zero", "ones", "identity"])
def test_matrix_norms_at_their_kinks(p, a):
    x, t = tg.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    tg.linalg.norm(x, p).backward()
    torch.linalg.norm(t, p).backward()
    if p in (2, -2, "nuc") and not np.array_equal(a, np.eye(2)):
        assert np.isfinite(x.grad.numpy()).all()  # by singular vectors that each library chooses
    else:
        np.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("p", [None, float("inf"), -float("inf"), 0, 1, 2, 3, 1.5, 0.5])
@pytest.mark.parametrize("a", [np.zeros(3), np.array([0.0, 1.0, -1.0])], ids=["zero", "tie"])
def test_vector_norms_at_their_kinks(p, a):
    x, t = tg.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    tg.linalg.norm(x, p).backward()
    y = torch.linalg.norm(t, p)
    if y.requires_grad:
        y.backward()
    np.testing.assert_allclose(x.grad.numpy(), 0 * a if t.grad is None else t.grad.numpy(), atol=1e-12)
