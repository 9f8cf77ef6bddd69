"""tinygrad_edu: automatic differentiation on NumPy, in both directions over one recorded graph.

Tensors and functions carry PyTorch's names (`import tinygrad_edu as tg; tg.tensor([1.0, 2.0], requires_grad=True)`),
transforms JAX's (`tg.func`), and NumPy's own functions take Tensors (`np.sin(x)`).
"""

# ruff: noqa: F403, F405  # the names of the star import are in __all__, which a test holds to what is there

import sys as _sys
import typing as _typing

import numpy as _np

from tinygrad_edu import (
    autograd,
    compare,
    datasets,
    distributions,
    fft,
    func,
    linalg,
    nn,
    onnx,
    ops,
    optim,
    random,
    special,
    testing,
    utils,
    visualize,
)
from tinygrad_edu import names as _names
from tinygrad_edu.absent import (
    accelerator,
    amp,
    backends,
    compiler,
    cuda,
    distributed,
    hub,
    jit,
    mps,
    nested,
    profiler,
    xpu,
)
from tinygrad_edu.absent import missing as _missing
from tinygrad_edu.absent import publish as _publish
from tinygrad_edu.absent.amp import autocast
from tinygrad_edu.absent.runtime import (
    are_deterministic_algorithms_enabled,
    bfloat16,
    channels_last,
    compile,
    contiguous_format,
    get_float32_matmul_precision,
    get_num_interop_threads,
    get_num_threads,
    jagged,
    layout,
    memory_format,
    preserve_format,
    set_default_tensor_type,
    set_float32_matmul_precision,
    set_num_interop_threads,
    set_num_threads,
    sparse_coo,
    strided,
    typename,
    use_deterministic_algorithms,
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
from tinygrad_edu.onnx import to_onnx
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
    gradient,
    hstack,
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
from tinygrad_edu.ops.limits import finfo, iinfo
from tinygrad_edu.ops.making import (
    arange,
    as_tensor,
    asarray,
    bartlett_window,
    blackman_window,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    hamming_window,
    hann_window,
    kaiser_window,
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
from tinygrad_edu.ops.size import Size
from tinygrad_edu.ops.sparse import FloatTensor as _SparseFloatTensor
from tinygrad_edu.ops.sparse import sparse_coo_tensor
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
    default_generator,
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
from tinygrad_edu.utils import serialization
from tinygrad_edu.utils.serialization import load, save

power = pow  # NumPy's name
spmm = mm  # PyTorch's old name for a product with a sparse matrix

float16, float32, float64 = _np.dtype(_np.float16), _np.dtype(_np.float32), _np.dtype(_np.float64)
int8, int16, int32, int64, uint8 = (_np.dtype(t) for t in (_np.int8, _np.int16, _np.int32, _np.int64, _np.uint8))
complex64, complex128, bool_ = _np.dtype(_np.complex64), _np.dtype(_np.complex128), _np.dtype(_np.bool_)
half, float, double, cfloat, cdouble = float16, float32, float64, complex64, complex128
short, int, long, bool = int16, int32, int64, bool_
dtype = _np.dtype
pi, e, inf, nan = _np.pi, _np.e, _np.inf, _np.nan

__version__ = "0.1.0"

# Importable under PyTorch's paths: `import tinygrad_edu.cuda`.
_publish(accelerator, amp, backends, compiler, cuda, distributed, hub, jit, mps, nested, profiler, xpu)
_sys.modules[f"{__name__}.serialization"] = serialization
_names.alias(__name__, "functional")
_sys.modules[f"{__name__}.functional"].F = nn.functional  # type: ignore[attr-defined]
_missing.publish(__name__)
sparse = _names.submodule(f"{__name__}.sparse", mm=mm, FloatTensor=_SparseFloatTensor)
version = _names.submodule(f"{__name__}.version", __version__=__version__, cuda=None, hip=None)

if not _typing.TYPE_CHECKING:  # type checkers would take it for a promise that every name is there

    def __getattr__(name: str) -> _typing.Any:
        if name.endswith("_") and not name.startswith("_") and hasattr(Tensor, name):  # sin_(x) is x.sin_()
            return getattr(Tensor, name)
        return _names.no_such_name(__name__)(name)


# What type checkers may see from outside; a test holds it to what is there.
# fmt: off
__all__ = [  # noqa: RUF022  # sorted, in lines of several
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "DualNumber", "DualTensor", "FloatTensor",
    "Generator", "HalfTensor", "IntTensor", "LongTensor", "ShortTensor", "Size", "Tensor", "abs", "absolute",
    "accelerator", "acos", "acosh", "add", "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addr", "adjoint",
    "all", "allclose", "amax", "amin", "aminmax", "amp", "angle", "any", "arange", "arccos", "arccosh", "arcsin",
    "arcsinh", "arctan", "arctan2", "arctanh", "are_deterministic_algorithms_enabled", "argmax", "argmin",
    "argsort", "argwhere", "as_tensor", "asarray", "asin", "asinh", "atan", "atan2", "atanh", "atleast_1d",
    "atleast_2d", "atleast_3d", "autocast", "autograd", "backends", "baddbmm", "bartlett_window", "bernoulli",
    "bfloat16", "bincount", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "blackman_window", "block_diag", "bmm", "bool", "bool_", "broadcast_shapes", "broadcast_tensors",
    "broadcast_to", "bucketize", "can_cast", "cartesian_prod", "cat", "cdist", "cdouble", "ceil", "cfloat",
    "chain_matmul", "channels_last", "cholesky", "cholesky_inverse", "cholesky_solve", "chunk", "clamp",
    "clamp_max", "clamp_min", "clip", "clone", "column_stack", "combinations", "compare", "compile", "compiler",
    "complex", "complex128", "complex64", "concat", "concatenate", "conj", "conj_physical", "contiguous_format",
    "copysign", "corrcoef", "cos", "cosh", "count_nonzero", "cov", "cross", "cuda", "cummax", "cummin", "cumprod",
    "cumsum", "cumulative_trapezoid", "datasets", "default_generator", "deg2rad", "derivative", "det", "device",
    "diag", "diag_embed", "diagflat", "diagonal", "diagonal_scatter", "diff", "digamma", "dist", "distributed",
    "distributions", "div", "divide", "dot", "double", "dsplit", "dstack", "dtype", "e", "einsum", "empty",
    "empty_like", "enable_grad", "eq", "equal", "erf", "erfc", "erfinv", "exp", "exp2", "expand_dims", "expm1",
    "eye", "fft", "finfo", "fix", "flatten", "flip", "fliplr", "flipud", "float", "float16", "float32", "float64",
    "float_power", "floor", "floor_divide", "fmax", "fmin", "fmod", "frac", "frexp", "from_numpy", "full",
    "full_like", "func", "functional", "gather", "gcd", "ge", "ger", "get_default_device", "get_default_dtype",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads", "get_rng_state", "gradient",
    "greater", "greater_equal", "gt", "half", "hamming_window", "hann_window", "heaviside", "histc", "histogram",
    "hsplit", "hstack", "hub", "hypot", "i0", "igamma", "igammac", "iinfo", "imag", "index_add", "index_copy",
    "index_fill", "index_put", "index_reduce", "index_select", "inf", "inference_mode", "initial_seed", "inner", "int", "int16",
    "int32", "int64", "int8", "inverse", "is_complex", "is_floating_point", "is_grad_enabled",
    "is_inference_mode_enabled", "is_nonzero", "is_same_size", "is_signed", "is_tensor", "isclose", "isfinite",
    "isin", "isinf", "isnan", "isneginf", "isposinf", "isreal", "jagged", "jit", "kaiser_window", "kron",
    "kthvalue", "layout", "lcm", "ldexp", "le", "lerp", "less", "less_equal", "lgamma", "linalg", "linspace",
    "load", "log", "log10", "log1p", "log2", "log_softmax", "logaddexp", "logaddexp2", "logcumsumexp", "logdet",
    "logical_and", "logical_not", "logical_or", "logical_xor", "logit", "logspace", "logsumexp", "long", "lt",
    "manual_seed", "masked_fill", "masked_scatter", "masked_select", "matmul", "matrix_exp", "matrix_power", "max",
    "maximum", "mean", "median", "memory_format", "meshgrid", "min", "minimum", "mm", "mode", "moveaxis", "movedim",
    "mps", "msort", "mul", "multinomial", "multiply", "mv", "mvlgamma", "nan", "nan_to_num", "nanmean", "nanmedian",
    "nanquantile", "nansum", "narrow", "ne", "neg", "negative", "nested", "nextafter", "nn", "no_grad", "nonzero",
    "norm", "normal", "not_equal", "numel", "ones", "ones_like", "onnx", "ops", "optim", "outer", "pad", "permute",
    "pi", "pinverse", "polar", "polygamma", "positive", "pow", "power", "preserve_format", "prod", "profiler",
    "promote_types", "put", "qr", "quantile", "rad2deg", "rand", "rand_like", "randint", "randn", "randn_like",
    "random", "randperm", "range", "ravel", "real", "reciprocal", "relu", "remainder", "renorm",
    "repeat_interleave", "reshape", "resolve_conj", "resolve_neg", "result_type", "roll", "rot90", "round",
    "row_stack", "rsqrt", "rsub", "save", "scalar_tensor", "scatter", "scatter_add", "scatter_reduce",
    "searchsorted", "seed", "select", "select_scatter", "serialization", "set_default_device", "set_default_dtype",
    "set_default_tensor_type", "set_float32_matmul_precision", "set_grad_enabled", "set_num_interop_threads",
    "set_num_threads", "set_printoptions", "set_rng_state", "sgn", "short", "sigmoid", "sign", "signbit", "sin",
    "sinc", "sinh", "slice_scatter", "slogdet", "softmax", "sort", "sparse", "sparse_coo", "sparse_coo_tensor", "special", "split",
    "split_with_sizes", "spmm", "sqrt", "square", "squeeze", "stack", "std", "std_mean", "strided", "sub",
    "subtract", "sum", "svd", "swapaxes", "swapdims", "t", "take", "take_along_axis", "take_along_dim", "tan",
    "tanh", "tensor", "tensor_split", "tensordot", "testing", "tile", "to_onnx", "topk", "trace", "transpose",
    "trapezoid", "trapz", "tril", "tril_indices", "triu", "triu_indices", "true_divide", "trunc", "typename",
    "uint8", "unbind", "unflatten", "unique", "unique_consecutive", "unsqueeze", "use_deterministic_algorithms",
    "utils", "vander", "var", "var_mean", "vdot", "version", "view_as_complex", "view_as_real", "visualize", "vmap",
    "vsplit", "vstack", "where", "xlogy", "xpu", "zeros", "zeros_like",
]
# fmt: on
