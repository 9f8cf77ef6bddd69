"""tinygrad_edu: automatic differentiation on NumPy, in both directions over one recorded graph.

Tensors and functions carry PyTorch's names (`import tinygrad_edu as tg; tg.tensor([1.0, 2.0], requires_grad=True)`),
transforms JAX's (`tg.func`), and NumPy's own functions take Tensors (`np.sin(x)`).
"""

import numpy as _np

from tinygrad_edu import autograd, compare, datasets, func, nn, ops, optim, random, utils, visualize
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
from tinygrad_edu.ops.activation import erf, relu, sigmoid
from tinygrad_edu.ops.create import (
    arange,
    as_tensor,
    eye,
    from_numpy,
    full,
    linspace,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from tinygrad_edu.ops.elementwise import (
    absolute,
    add,
    arccos,
    arcsin,
    arctan,
    ceil,
    cos,
    cosh,
    divide,
    equal,
    exp,
    exp2,
    expm1,
    floor,
    greater,
    greater_equal,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    power,
    reciprocal,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    trunc,
    where,
)
from tinygrad_edu.ops.elementwise import round_ as round
from tinygrad_edu.ops.fused import log_softmax, softmax
from tinygrad_edu.ops.index import take_along_axis
from tinygrad_edu.ops.methods import clamp, flatten
from tinygrad_edu.ops.product import dot, einsum, inner, matmul, outer, tensordot
from tinygrad_edu.ops.reduce import all, any, argmax, argmin, logsumexp, max, mean, min, norm, prod, std, sum, var
from tinygrad_edu.ops.shape import concatenate, expand_dims, flip, moveaxis, split, squeeze, stack
from tinygrad_edu.ops.shape import pad as pad
from tinygrad_edu.ops.shape import reshaped as reshape
from tinygrad_edu.ops.shape import swapaxes as transpose
from tinygrad_edu.ops.shape import transposed as permute
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

# PyTorch's second names.
abs, neg, sub, mul, div, pow = absolute, negative, subtract, multiply, divide, power
eq, ne, lt, le, gt, ge = equal, not_equal, less, less_equal, greater, greater_equal
asin, acos, atan = arcsin, arccos, arctan
cat, unsqueeze, clip = concatenate, expand_dims, clamp
mm = bmm = matmul

float16, float32, float64 = _np.dtype(_np.float16), _np.dtype(_np.float32), _np.dtype(_np.float64)
int8, int16, int32, int64, uint8 = (_np.dtype(t) for t in (_np.int8, _np.int16, _np.int32, _np.int64, _np.uint8))
complex64, complex128, bool_ = _np.dtype(_np.complex64), _np.dtype(_np.complex128), _np.dtype(_np.bool_)
half, float, double, int, long, bool = float16, float32, float64, int32, int64, bool_
pi, e, inf, nan = _np.pi, _np.e, _np.inf, _np.nan

__version__ = "0.1.0"

# What type checkers may see from outside; a test holds it to what is there.
# fmt: off
__all__ = [  # noqa: RUF022  # sorted, in lines of several
    "DualNumber", "DualTensor", "Generator", "Tensor", "abs", "absolute", "acos", "add", "all", "any", "arange",
    "arccos", "arcsin", "arctan", "argmax", "argmin", "as_tensor", "asin", "atan", "autograd", "bernoulli", "bmm",
    "bool", "bool_", "cat", "ceil", "clamp", "clip", "compare", "complex128", "complex64", "concatenate", "cos",
    "cosh", "datasets", "derivative", "div", "divide", "dot", "double", "e", "einsum", "enable_grad", "eq", "equal",
    "erf", "exp", "exp2", "expand_dims", "expm1", "eye", "flatten", "flip", "float", "float16", "float32",
    "float64", "floor", "from_numpy", "full", "func", "ge", "get_default_dtype", "get_rng_state", "greater",
    "greater_equal", "gt", "half", "inf", "inference_mode", "initial_seed", "inner", "int", "int16", "int32",
    "int64", "int8", "is_grad_enabled", "is_inference_mode_enabled", "isfinite", "isinf", "isnan", "le", "less",
    "less_equal", "linspace", "load", "log", "log10", "log1p", "log2", "log_softmax", "logical_and", "logical_not",
    "logical_or", "logical_xor", "logsumexp", "long", "lt", "manual_seed", "matmul", "max", "maximum", "mean",
    "min", "minimum", "mm", "moveaxis", "mul", "multinomial", "multiply", "nan", "ne", "neg", "negative", "nn",
    "no_grad", "norm", "normal", "not_equal", "ones", "ones_like", "ops", "optim", "outer", "pad", "permute", "pi",
    "pow", "power", "prod", "rand", "rand_like", "randint", "randn", "randn_like", "random", "randperm",
    "reciprocal", "relu", "reshape", "round", "save", "seed", "set_default_dtype", "set_grad_enabled",
    "set_rng_state", "sigmoid", "sign", "sin", "sinh", "softmax", "split", "sqrt", "square", "squeeze", "stack",
    "std", "sub", "subtract", "sum", "take_along_axis", "tan", "tanh", "tensor", "tensordot", "transpose", "trunc",
    "uint8", "unsqueeze", "utils", "var", "visualize", "vmap", "where", "zeros", "zeros_like",
]
# fmt: on
