"""tinygrad_edu: automatic differentiation on NumPy, in both directions over one recorded graph.

Tensors and functions carry PyTorch's names (`import tinygrad_edu as tg; tg.tensor([1.0, 2.0], requires_grad=True)`),
transforms JAX's (`tg.func`), and NumPy's own functions take Tensors (`np.sin(x)`).
"""

# ruff: noqa: F403, F405  # the names of the star import are in __all__, which a test holds to what is there

import difflib as _difflib
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

import numpy as _np

from tinygrad_edu import (
    autograd,
    compare,
    datasets,
    fft,
    func,
    linalg,
    nn,
    ops,
    optim,
    random,
    special,
    utils,
    visualize,
)
from tinygrad_edu.engine.modes import (
    enable_grad,
    get_default_dtype,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_default_dtype,
    set_grad_enabled,
)
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.func import DualNumber, DualTensor, derivative, vmap
from tinygrad_edu.ops.create import from_numpy
from tinygrad_edu.ops.device import device, get_default_device, set_default_device
from tinygrad_edu.ops.functions import *
from tinygrad_edu.ops.gamma import polygamma
from tinygrad_edu.ops.grid import cartesian_prod, combinations
from tinygrad_edu.ops.index import take_along_axis
from tinygrad_edu.ops.joint import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    broadcast_shapes,
    broadcast_tensors,
    bucketize,
    can_cast,
    cat,
    column_stack,
    complex,
    concat,
    concatenate,
    cumulative_trapezoid,
    dstack,
    einsum,
    finfo,
    gradient,
    hstack,
    iinfo,
    imag,
    is_tensor,
    isin,
    meshgrid,
    polar,
    promote_types,
    real,
    result_type,
    row_stack,
    rsub,
    searchsorted,
    stack,
    tensordot,
    trapezoid,
    trapz,
    vander,
    view_as_complex,
    view_as_real,
    vstack,
    where,
)
from tinygrad_edu.ops.making import (
    arange,
    as_tensor,
    asarray,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    linspace,
    logspace,
    ones,
    ones_like,
    range,
    scalar_tensor,
    tensor,
    zeros,
    zeros_like,
)
from tinygrad_edu.ops.methods.reductions import std_mean, var_mean
from tinygrad_edu.ops.pad import pad
from tinygrad_edu.ops.printing import set_printoptions
from tinygrad_edu.ops.product import cdist, chain_matmul
from tinygrad_edu.ops.rounding import frexp
from tinygrad_edu.ops.shape import expand_dims
from tinygrad_edu.ops.triangle import block_diag, tril_indices, triu_indices
from tinygrad_edu.ops.typed import (
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
)
from tinygrad_edu.random import (
    Generator,
    bernoulli,
    get_rng_state,
    initial_seed,
    manual_seed,
    multinomial,
    normal,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    seed,
    set_rng_state,
)
from tinygrad_edu.utils.serialization import load, save

power = pow  # NumPy's name

float16, float32, float64 = _np.dtype(_np.float16), _np.dtype(_np.float32), _np.dtype(_np.float64)
int8, int16, int32, int64, uint8 = (_np.dtype(t) for t in (_np.int8, _np.int16, _np.int32, _np.int64, _np.uint8))
complex64, complex128, bool_ = _np.dtype(_np.complex64), _np.dtype(_np.complex128), _np.dtype(_np.bool_)
half, float, double, cfloat, cdouble = float16, float32, float64, complex64, complex128
short, int, long, bool = int16, int32, int64, bool_
pi, e, inf, nan = _np.pi, _np.e, _np.inf, _np.nan

__version__ = "0.1.0"

if not _TYPE_CHECKING:  # type checkers would take it for a promise that every name is there

    def __getattr__(name: str) -> _Any:
        near = _difflib.get_close_matches(name, __all__, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")


# What type checkers may see from outside; a test holds it to what is there.
# fmt: off
__all__ = [  # noqa: RUF022  # sorted, in lines of several
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "DualNumber", "DualTensor", "FloatTensor", "Generator",
    "HalfTensor", "IntTensor", "LongTensor", "ShortTensor", "Tensor", "abs", "absolute", "acos", "acosh", "add",
    "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addr", "adjoint", "all", "allclose", "amax", "amin", "aminmax",
    "angle", "any", "arange", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax",
    "argmin", "argsort", "argwhere", "as_tensor", "asarray", "asin", "asinh", "atan", "atan2", "atanh", "atleast_1d",
    "atleast_2d", "atleast_3d", "autograd", "baddbmm", "bernoulli", "bincount", "bitwise_and", "bitwise_left_shift",
    "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "block_diag", "bmm", "bool", "bool_",
    "broadcast_shapes", "broadcast_tensors", "broadcast_to", "bucketize", "can_cast", "cartesian_prod", "cat", "cdist",
    "cdouble", "ceil", "cfloat", "chain_matmul", "cholesky", "cholesky_inverse", "cholesky_solve", "chunk", "clamp",
    "clamp_max", "clamp_min", "clip", "clone", "column_stack", "combinations", "compare", "complex", "complex128",
    "complex64", "concat", "concatenate", "conj", "conj_physical", "copysign", "corrcoef", "cos", "cosh",
    "count_nonzero", "cov", "cross", "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "datasets",
    "deg2rad", "derivative", "det", "device", "diag", "diag_embed", "diagflat", "diagonal", "diagonal_scatter", "diff",
    "digamma", "dist", "div", "divide", "dot", "double", "dsplit", "dstack", "e", "einsum", "empty", "empty_like",
    "enable_grad", "eq", "equal", "erf", "erfc", "erfinv", "exp", "exp2", "expand_dims", "expm1", "eye", "fft",
    "finfo", "fix", "flatten", "flip", "fliplr", "flipud", "float", "float16", "float32", "float64", "float_power",
    "floor", "floor_divide", "fmax", "fmin", "fmod", "frac", "frexp", "from_numpy", "full", "full_like", "func",
    "gather", "gcd", "ge", "ger", "get_default_device", "get_default_dtype", "get_rng_state", "gradient", "greater",
    "greater_equal", "gt", "half", "heaviside", "histc", "histogram", "hsplit", "hstack", "hypot", "i0", "igamma",
    "igammac", "iinfo", "imag", "index_add", "index_copy", "index_fill", "index_put", "index_select", "inf",
    "inference_mode", "initial_seed", "inner", "int", "int16", "int32", "int64", "int8", "inverse", "is_complex",
    "is_floating_point", "is_grad_enabled", "is_inference_mode_enabled", "is_nonzero", "is_same_size", "is_signed",
    "is_tensor", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf", "isreal", "kron", "kthvalue",
    "lcm", "ldexp", "le", "lerp", "less", "less_equal", "lgamma", "linalg", "linspace", "load", "log", "log10",
    "log1p", "log2", "log_softmax", "logaddexp", "logaddexp2", "logcumsumexp", "logdet", "logical_and", "logical_not",
    "logical_or", "logical_xor", "logit", "logspace", "logsumexp", "long", "lt", "manual_seed", "masked_fill",
    "masked_scatter", "masked_select", "matmul", "matrix_exp", "matrix_power", "max", "maximum", "mean", "median",
    "meshgrid", "min", "minimum", "mm", "mode", "moveaxis", "movedim", "msort", "mul", "multinomial", "multiply", "mv",
    "mvlgamma", "nan", "nan_to_num", "nanmean", "nanmedian", "nanquantile", "nansum", "narrow", "ne", "neg",
    "negative", "nextafter", "nn", "no_grad", "nonzero", "norm", "normal", "not_equal", "numel", "ones", "ones_like",
    "ops", "optim", "outer", "pad", "permute", "pi", "pinverse", "polar", "polygamma", "positive", "pow", "power",
    "prod", "promote_types", "put", "qr", "quantile", "rad2deg", "rand", "rand_like", "randint", "randn", "randn_like",
    "random", "randperm", "range", "ravel", "real", "reciprocal", "relu", "remainder", "renorm", "repeat_interleave",
    "reshape", "resolve_conj", "resolve_neg", "result_type", "roll", "rot90", "round", "row_stack", "rsqrt", "rsub",
    "save", "scalar_tensor", "scatter", "scatter_add", "scatter_reduce", "searchsorted", "seed", "select",
    "select_scatter", "set_default_device", "set_default_dtype", "set_grad_enabled", "set_printoptions",
    "set_rng_state", "sgn", "short", "sigmoid", "sign", "signbit", "sin", "sinc", "sinh", "slice_scatter", "slogdet",
    "softmax", "sort", "special", "split", "split_with_sizes", "sqrt", "square", "squeeze", "stack", "std", "std_mean",
    "sub", "subtract", "sum", "svd", "swapaxes", "swapdims", "t", "take", "take_along_axis", "take_along_dim", "tan",
    "tanh", "tensor", "tensor_split", "tensordot", "tile", "topk", "trace", "transpose", "trapezoid", "trapz", "tril",
    "tril_indices", "triu", "triu_indices", "true_divide", "trunc", "uint8", "unbind", "unflatten", "unique",
    "unique_consecutive", "unsqueeze", "utils", "vander", "var", "var_mean", "vdot", "view_as_complex", "view_as_real",
    "visualize", "vmap", "vsplit", "vstack", "where", "xlogy", "zeros", "zeros_like",
]
# fmt: on
