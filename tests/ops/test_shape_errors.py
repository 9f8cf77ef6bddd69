"""What shapes, joins, windows, products, polynomials and ranges refuse: an error says which function and what met."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import DTypeError, LevelError, ShapeError, UnsupportedError
from tinygrad_edu.ops import grid, join, product, shape, split, take, triangle, window

V, M, S = tg.tensor([1.0, 2.0, 3.0]), tg.ones(2, 3), tg.tensor(1.0)
INTEGERS = tg.tensor([1, 2, 3])
windows = np.lib.stride_tricks.sliding_window_view

CASES = [
    (lambda: np.reshape(M, (4, -1)), ShapeError, "reshape: 6 elements don't fit into shape (4, -1)"),
    (lambda: np.reshape(M, 6, order="Z"), UnsupportedError, "reshape: order must be one of 'C', 'F', 'A', not 'Z'"),
    (lambda: np.reshape(M, 6, copy=False), UnsupportedError, "reshape: copy=False"),
    (lambda: np.transpose(M, (0, 0)), ShapeError, "transpose: axes (0, 0)"),
    (lambda: np.moveaxis(M, (0, 1), 0), ShapeError, "moveaxis: 2 axes to move and 1 places"),
    (lambda: np.moveaxis(M, (0, 0), (0, 1)), ShapeError, "moveaxis: an axis or a place is named twice"),
    (lambda: np.moveaxis(M, 2, 0), ShapeError, "moveaxis: axis 2 is out of range for a tensor with 2 axes"),
    (lambda: np.rollaxis(M, 0, 3), ShapeError, "rollaxis: start 3"),
    (lambda: np.squeeze(M, 0), ShapeError, "squeeze: axis 0 of shape (2, 3) isn't of length 1"),
    (lambda: np.expand_dims(M, (0, 0)), ShapeError, "expand_dims: an axis is named twice"),
    (lambda: np.broadcast_to(M, (2, 2)), ShapeError, "broadcast_to"),
    (lambda: np.broadcast_arrays(M, tg.ones(2)), ShapeError, "broadcast_arrays: shapes [(2, 3), (2,)]"),
    (lambda: shape.unflatten(V, 0, (2, 2)), ShapeError, "unflatten: 3 elements"),
    (lambda: shape.expand(V, (-1, 3)), ShapeError, "expand: shape (-1, 3)"),
    (lambda: np.flip(M, 2), ShapeError, "flip: axis 2"),
    (lambda: np.fliplr(V), ShapeError, "fliplr: needs at least 2 axes"),
    (lambda: np.flipud(S), ShapeError, "flipud: needs at least 1 axes"),
    (lambda: np.rot90(M, axes=(0, -2)), ShapeError, "rot90: axes (0, -2)"),
    (lambda: np.roll(M, (1, 2, 3), axis=(0, 1)), ShapeError, "roll: (1, 2, 3) shifts along the axes (0, 1)"),
    (lambda: np.repeat(V, [1, 2]), ShapeError, "repeat: (2,) counts for 3 elements"),
    (lambda: np.resize(V, (-1, 2)), ShapeError, "resize: shape (-1, 2)"),
    (lambda: np.concatenate([M, S]), ShapeError, "concatenate: 0-d tensors have no axis"),
    (lambda: join.concatenate([]), ShapeError, "concatenate: needs at least one tensor"),
    (lambda: np.concatenate([M, V]), ShapeError, "concatenate"),
    (lambda: np.concatenate([V, V], dtype=np.int64), DTypeError, "concatenate: can't cast float32 to int64"),
    (lambda: np.stack([V, M]), ShapeError, "stack: needs tensors of one shape"),
    (lambda: np.block([[V], V]), ShapeError, "block: the list at [] holds lists of depths [0, 1]"),
    (lambda: np.block([[V], []]), ShapeError, "block: the list at [1] holds nothing"),
    (lambda: join.block([(V, V)]), DTypeError, "block: the nested lists hold a tuple at [0]"),
    (lambda: np.insert(V, 5, 1.0), IndexError, "insert: positions 5 are out of range for axis 0 of length 3"),
    (lambda: np.insert(V, [[1]], 1.0), ShapeError, "insert: the positions must be"),
    (lambda: join.r_["x,y", V], ShapeError, "r_['x,y', ...]"),
    (lambda: np.delete(V, 7), IndexError, "7"),
    (lambda: np.split(V, 2), ShapeError, "split: axis 0 of shape (3,) doesn't divide into 2 equal sections; array_split"),
    (lambda: np.array_split(V, 0), ShapeError, "the number of sections must be positive"),
    (lambda: np.vsplit(V, 1), ShapeError, "vsplit: needs at least 2 axes"),
    (lambda: np.dsplit(M, 1), ShapeError, "dsplit: needs at least 3 axes"),
    (lambda: np.hsplit(S, 1), ShapeError, "hsplit: needs at least 1 axes"),
    (lambda: split.split(V, [1, 1]), ShapeError, "split: sizes [1, 1] don't add up to 3"),
    (lambda: split.split(V, 0), ShapeError, "split: the size of the pieces must be positive"),
    (lambda: split.chunk(V, 0), ShapeError, "chunk: the number of pieces must be positive"),
    (lambda: split.narrow(V, 0, 2, 2), ShapeError, "narrow: 2 elements from 2"),
    (lambda: split.select(V, 0, 3), IndexError, "select: index 3 is out of range"),
    (lambda: np.diagonal(V), ShapeError, "diagonal: axis 1"),
    (lambda: np.diagonal(M, 0, 1, -1), ShapeError, "diagonal: axes 1 and -1 of shape (2, 3) don't span a plane"),
    (lambda: np.trace(V), ShapeError, "trace: axis 1"),
    (lambda: np.diag(S), ShapeError, "diag: needs one or two axes"),
    (lambda: np.tril(S), ShapeError, "tril: a 0-d tensor has no diagonal"),
    (lambda: triangle.diag_embed(V, dim1=0, dim2=0), ShapeError, "diag_embed: dim1 0 and dim2 0"),
    (lambda: triangle.block_diag(tg.ones(1, 2, 3)), ShapeError, "block_diag: needs at most two axes"),
    (lambda: np.tril_indices_from(V), ShapeError, "tril_indices_from: needs a matrix"),
    (lambda: np.diag_indices_from(M), ShapeError, "diag_indices_from: needs at least two axes, all of one length"),
    (lambda: np.meshgrid(V, V, indexing="yx"), UnsupportedError, "meshgrid: indexing must be 'xy' or 'ij'"),
    (lambda: np.ix_(tg.ones(2, 2).long()), ShapeError, "ix_: needs 1-D tensors"),
    (lambda: grid.cartesian_prod(M), ShapeError, "cartesian_prod: needs 1-D"),
    (lambda: grid.combinations(M), ShapeError, "combinations: needs a 1-D"),
    (lambda: np.take(V, 0, mode="bounce"), UnsupportedError, "take: mode must be 'raise', 'wrap' or 'clip'"),
    (lambda: np.take(V, [5]), IndexError, "index"),
    (lambda: np.take(V, 0, axis=1), ShapeError, "take: axis 1"),
    (lambda: np.compress([[True]], V), ShapeError, "compress: condition must be 1-D"),
    (lambda: take.index_select(V, 0, tg.zeros(1, 1).long()), ShapeError, "index_select: index must be 1-D"),
    (lambda: np.apply_along_axis(np.sum, 0, tg.ones(2, 0)), ShapeError, "apply_along_axis: shape (2, 0)"),
    (lambda: np.pad(V, 1, "bounce"), UnsupportedError, "pad: unknown mode 'bounce'"),
    (lambda: np.pad(V, 1, "edge", constant_values=1), UnsupportedError, "pad: mode='edge' doesn't take the keywords"),
    (lambda: np.pad(V, -1), ShapeError, "pad: pad_width can't be negative"),
    (lambda: np.pad(V, 0.5), ShapeError, "pad: pad_width must be integers"),
    (lambda: np.pad(V, ((1, 1), (1, 1))), ShapeError, "pad: pad_width of shape (2, 2)"),
    (lambda: np.pad(tg.ones(0), 1, "edge"), ShapeError, "pad: mode='edge' has nothing to go by along the empty axis 0"),
    (lambda: np.pad(V, 1, "mean", stat_length=0), ShapeError, "pad: stat_length must be at least 1"),
    (lambda: np.pad(V, 1, "reflect", reflect_type="strange"), UnsupportedError, "pad: reflect_type must be 'even' or 'odd'"),
    (lambda: np.pad(INTEGERS, 1, "mean"), UnsupportedError, "pad: mode='mean' of int64 would round"),
    (lambda: windows(V, 4), ShapeError, "sliding_window_view: a window of 4 doesn't fit along axis 0 of shape (3,)"),
    (lambda: windows(M, 2), ShapeError, "sliding_window_view: a window of shape (2,) for 2 axes"),
    (lambda: windows(V, 2, writeable=True), UnsupportedError, "sliding_window_view: writeable=True"),
    (lambda: window.unfold(V, 0, 4), ShapeError, "unfold: windows of 4"),
    (lambda: np.convolve(M, V), ShapeError, "convolve: needs two 1-D tensors"),
    (lambda: np.convolve(V, tg.ones(0)), ShapeError, "convolve: needs two 1-D tensors that aren't empty"),
    (lambda: np.correlate(V, V, "round"), UnsupportedError, "correlate: mode must be 'full', 'same' or 'valid'"),
    (lambda: np.matmul(M, M), ShapeError, "matmul: shapes (2, 3) and (2, 3) don't meet"),
    (lambda: np.matmul(M, S), ShapeError, "matmul: a 0-d tensor"),
    (lambda: np.matmul(M, M, axes=[0, 1, 2]), ShapeError, "matmul: axes=[0, 1, 2] must list 2, 2 and 2 axes"),
    (lambda: np.vdot(V, M), ShapeError, "vdot: the arguments have 3 and 6 elements"),
    (lambda: np.vecdot(V, tg.ones(2)), ShapeError, "vecdot: vectors of lengths 3 and 2"),
    (lambda: np.matvec(V, V), ShapeError, "matvec: needs at least 2 axes"),
    (lambda: np.linalg.outer(M, V), ShapeError, "linalg.outer: needs two 1-D tensors"),
    (lambda: np.cross(V, tg.ones(4)), ShapeError, "cross: needs vectors of length 3"),
    (lambda: np.linalg.cross(tg.ones(2), tg.ones(2)), ShapeError, "linalg.cross: needs vectors of length 3"),
    (lambda: np.tensordot(M, M, 1), ShapeError, "tensordot: axis -1 of shape (2, 3) and axis 0 of shape (2, 3)"),
    (lambda: np.tensordot(M, M, ([0, 1], [0])), ShapeError, "tensordot: 2 axes of the first against 1"),
    (lambda: np.einsum("ij,jk", M, M), ShapeError, "einsum: 'j' in 'ij,jk' has length 3 in one argument and 2"),
    (lambda: np.einsum("ij", V), ShapeError, "einsum: 'ij'"),
    (lambda: np.einsum("ii", M), ShapeError, "einsum: 'ii' asks for a diagonal"),
    (lambda: np.einsum("i->j", V), ShapeError, "einsum: 'i->j' gives the output axes ['j']"),
    (lambda: np.einsum("i,i", V), ShapeError, "names 2 arguments, got 1"),
    (lambda: np.einsum("i", V, dtype=np.int64), DTypeError, "einsum: can't cast float32 to int64"),
    (lambda: product.mm(V, M), ShapeError, "mm: needs tensors with 2 and 2 axes"),
    (lambda: np.polyval(S, V), ShapeError, "polyval: the coefficients need an axis"),
    (lambda: np.polymul(M, V), ShapeError, "polymul: coefficients must be 1-D"),
    (lambda: np.polyder(V, -1), ShapeError, "polyder: the order must be positive"),
    (lambda: np.polyint(V, 3, [1.0, 2.0]), ShapeError, "polyint: 3 constants are needed, got 2"),
    (lambda: np.poly(M), ShapeError, "poly: needs 1-D roots or a square matrix"),
    (lambda: np.vander(M), ShapeError, "vander: needs a 1-D tensor"),
    (lambda: np.polyfit(V, tg.ones(2), 1), ShapeError, "polyfit: needs points x (n,)"),
    (lambda: np.polyfit(V, V, 1, w=tg.ones(2)), ShapeError, "polyfit: needs a weight per point"),
    (lambda: np.polyfit(V, V, 2, cov=True), ShapeError, "polyfit: the covariance needs more than 3 points"),
    (lambda: np.linspace(S, 1.0, -1), ShapeError, "linspace: num can't be negative"),
    (lambda: np.zeros_like(V, order="Z"), UnsupportedError, "zeros_like: order must be"),
    (lambda: np.array(V, ndmax=2, like=V), UnsupportedError, "array: ndmax"),
]  # fmt: skip


@pytest.mark.parametrize("i", range(len(CASES)))
def test_the_error_says_what_met(i):
    call, kind, text = CASES[i]
    with pytest.raises(kind, match=re.escape(text)):
        call()


def test_a_keyword_that_numpy_has_and_these_dont_is_refused():
    with pytest.raises(UnsupportedError, match=r"np\.concatenate.*strange"):
        V.__array_function__(np.concatenate, (), ([V],), {"strange": 1})


def test_masks_are_refused_where_each_example_would_have_a_shape_of_its_own():
    with pytest.raises(LevelError):
        tg.func.vmap(lambda x: np.compress(x > 0, x))(M)
