"""Tensor's methods that write in place: their names end in an underscore, and without it they name what is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops import inplace

if TYPE_CHECKING:
    from tinygrad_edu.engine.tensor import Tensor


def _overwriting(name: str) -> Callable[..., Any]:
    """The method `name_`: the tensor takes over the value and the place in the graph of its method `name`."""
    plain = name.removesuffix("_")

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        def compute(old: Any, *given: Any) -> Any:
            named = dict(zip(kwargs, given[len(args) :], strict=True))
            return getattr(old, plain)(*given[: len(args)], **named)

        return inplace.overwrite(self, name, compute, *args, *kwargs.values())

    method.__name__ = name
    method.__doc__ = f"`{plain}`, in place."
    return method


def _augmented(name: str, op: Any) -> Callable[..., Any]:
    def operator(self: Any, other: Any) -> Any:
        return inplace.overwrite(self, name, op, other)

    operator.__doc__ = f"`x {name} other`, in place as in PyTorch: whoever looks into the same memory sees it."
    return operator


class InPlace:
    """Each writes into the tensor's own memory and returns the tensor."""

    __slots__ = ()

    __iadd__ = _augmented("+=", e.add)
    __isub__ = _augmented("-=", e.subtract)
    __imul__ = _augmented("*=", e.multiply)
    __itruediv__ = _augmented("/=", e.divide)
    __ifloordiv__ = _augmented("//=", e.floor_divide)
    __imod__ = _augmented("%=", e.remainder)
    __ipow__ = _augmented("**=", e.power)
    __iand__ = _augmented("&=", e.bitwise_and)
    __ior__ = _augmented("|=", e.bitwise_or)
    __ixor__ = _augmented("^=", e.bitwise_xor)

    def __setitem__(self: Any, key: Any, value: Any) -> None:
        inplace.assign(self, key, value)

    add_, sub_, mul_, div_ = map(_overwriting, ("add_", "sub_", "mul_", "div_"))
    subtract_, multiply_, divide_ = map(_overwriting, ("subtract_", "multiply_", "divide_"))
    pow_, remainder_, fmod_, floor_divide_ = map(_overwriting, ("pow_", "remainder_", "fmod_", "floor_divide_"))
    abs_, neg_, sign_, sgn_, reciprocal_, square_ = map(
        _overwriting, ("abs_", "neg_", "sign_", "sgn_", "reciprocal_", "square_")
    )
    sqrt_, rsqrt_, exp_, exp2_, expm1_ = map(_overwriting, ("sqrt_", "rsqrt_", "exp_", "exp2_", "expm1_"))
    log_, log2_, log10_, log1p_, logit_ = map(_overwriting, ("log_", "log2_", "log10_", "log1p_", "logit_"))
    sin_, cos_, tan_, asin_, acos_, atan_ = map(_overwriting, ("sin_", "cos_", "tan_", "asin_", "acos_", "atan_"))
    sinh_, cosh_, tanh_, asinh_, acosh_, atanh_ = map(
        _overwriting, ("sinh_", "cosh_", "tanh_", "asinh_", "acosh_", "atanh_")
    )
    atan2_, hypot_, erf_, erfc_, sinc_ = map(_overwriting, ("atan2_", "hypot_", "erf_", "erfc_", "sinc_"))
    sigmoid_, relu_, clamp_, clip_ = map(_overwriting, ("sigmoid_", "relu_", "clamp_", "clip_"))
    clamp_min_, clamp_max_, nan_to_num_ = map(_overwriting, ("clamp_min_", "clamp_max_", "nan_to_num_"))
    floor_, ceil_, round_, trunc_, frac_ = map(_overwriting, ("floor_", "ceil_", "round_", "trunc_", "frac_"))
    lerp_, addcmul_, addcdiv_, addmm_ = map(_overwriting, ("lerp_", "addcmul_", "addcdiv_", "addmm_"))
    masked_fill_, masked_scatter_, index_add_ = map(_overwriting, ("masked_fill_", "masked_scatter_", "index_add_"))
    index_fill_, index_copy_, index_put_ = map(_overwriting, ("index_fill_", "index_copy_", "index_put_"))
    scatter_, scatter_add_, scatter_reduce_ = map(_overwriting, ("scatter_", "scatter_add_", "scatter_reduce_"))
    cumsum_, cumprod_, tril_, triu_ = map(_overwriting, ("cumsum_", "cumprod_", "tril_", "triu_"))
    eq_, ne_, lt_, le_, gt_, ge_ = map(_overwriting, ("eq_", "ne_", "lt_", "le_", "gt_", "ge_"))
    logical_and_, logical_or_, logical_xor_, logical_not_ = map(
        _overwriting, ("logical_and_", "logical_or_", "logical_xor_", "logical_not_")
    )

    def copy_(self: Any, other: Any, non_blocking: bool = False) -> Tensor:
        """The values of `other`, broadcast and converted to this tensor's dtype, in place."""
        return inplace.overwrite(self, "copy_", inplace.replaced, other, casts=True)

    def fill_(self: Any, value: Any) -> Tensor:
        """One value everywhere, in place."""
        return inplace.overwrite(self, "fill_", inplace.replaced, value, casts=True)

    def zero_(self) -> Tensor:
        """Zero everywhere, in place."""
        return inplace.overwrite(self, "zero_", inplace.replaced, 0, casts=True)  # type: ignore[arg-type]

    def fill_diagonal_(self: Any, fill_value: Any, wrap: bool = False) -> Tensor:
        """One value on the main diagonal, in place; with `wrap` it goes on below a tall matrix's last row, one row lower."""
        inplace.fill_diagonal(self, fill_value, wrap)
        return self

    def unsqueeze_(self: Any, dim: int) -> Tensor:
        """As `unsqueeze`, of this very tensor."""
        return inplace.reshaped_in_place(self, "unsqueeze_", self.unsqueeze(dim))

    def squeeze_(self: Any, dim: Any = None) -> Tensor:
        """As `squeeze`, of this very tensor."""
        return inplace.reshaped_in_place(self, "squeeze_", self.squeeze(dim))

    def transpose_(self: Any, dim0: int, dim1: int) -> Tensor:
        """As `transpose`, of this very tensor."""
        return inplace.reshaped_in_place(self, "transpose_", self.transpose(dim0, dim1))

    swapaxes_ = swapdims_ = transpose_

    def t_(self: Any) -> Tensor:
        """As `t`, of this very tensor."""
        return inplace.reshaped_in_place(self, "t_", self.t())

    def detach_(self: Any) -> Tensor:
        """Take this very tensor out of the graph: it becomes a leaf. Refused for a view, as its base stays where it is."""
        return inplace.detach_in_place(self)
