"""Transforms: functions that take a function and return one that computes its derivatives, or its values over a batch.

They nest freely, in any order. Arguments and results may be tensors, arrays, numbers, or nested containers of them:
tuples, lists, dicts, dataclasses, and what `register_pytree` was told of.
"""

from tinygrad_edu.engine.tree import register as register_pytree
from tinygrad_edu.func._activities import activity_bytes, activity_gradient
from tinygrad_edu.func._batch import vmap
from tinygrad_edu.func._custom import custom_jvp, custom_vjp
from tinygrad_edu.func._dual import DualNumber, DualTensor, derivative
from tinygrad_edu.func._forward import forward_gradient, jvp
from tinygrad_edu.func._graph import Equation, Graph, record
from tinygrad_edu.func._jacobian import ggn_vp, hessian, hvp, jacfwd, jacrev, laplacian, vhp
from tinygrad_edu.func._jet import jet
from tinygrad_edu.func._memory import bytes_per_direction, chunk_for_memory, directions_in, parse_memory
from tinygrad_edu.func._module import functional_call, stack_module_state
from tinygrad_edu.func._reverse import grad, grad_and_value, linearize, value_and_grad, vjp
from tinygrad_edu.func._sparse import SparseDerivative, sparse_hessian, sparse_jacobian
from tinygrad_edu.func._sparsity import hessian_sparsity, jacobian_sparsity
from tinygrad_edu.names import no_such_name as _no_such_name

__all__ = [
    "DualNumber",
    "DualTensor",
    "Equation",
    "Graph",
    "SparseDerivative",
    "activity_bytes",
    "activity_gradient",
    "bytes_per_direction",
    "chunk_for_memory",
    "custom_jvp",
    "custom_vjp",
    "derivative",
    "directions_in",
    "forward_gradient",
    "functional_call",
    "ggn_vp",
    "grad",
    "grad_and_value",
    "hessian",
    "hessian_sparsity",
    "hvp",
    "jacfwd",
    "jacobian_sparsity",
    "jacrev",
    "jet",
    "jvp",
    "laplacian",
    "linearize",
    "parse_memory",
    "record",
    "register_pytree",
    "sparse_hessian",
    "sparse_jacobian",
    "stack_module_state",
    "value_and_grad",
    "vhp",
    "vjp",
    "vmap",
]

__getattr__ = _no_such_name(__name__)
