"""The neural tangent kernel two ways, and other second-order things."""

import torch
import torch.nn as nn
from torch.func import functional_call, hessian, jacfwd, jacrev, jvp, vjp, vmap

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(6, 12)
        self.fc2 = nn.Linear(12, 3)

    def forward(self, x):
        return self.fc2(self.fc1(x).tanh())


net = Net()
params = {k: v.detach() for k, v in net.named_parameters()}
x_train, x_test = torch.randn(5, 6), torch.randn(4, 6)


def fnet_single(params, x):
    return functional_call(net, params, (x.unsqueeze(0),)).squeeze(0)


def by_contraction(x1, x2):
    jac1 = [j.flatten(2) for j in vmap(jacrev(fnet_single), (None, 0))(params, x1).values()]
    jac2 = [j.flatten(2) for j in vmap(jacrev(fnet_single), (None, 0))(params, x2).values()]
    return torch.stack([torch.einsum("Naf,Mbf->NMab", a, b) for a, b in zip(jac1, jac2)]).sum(0)


def by_products(x1, x2):
    def get_ntk(a, b):
        def f1(p):
            return fnet_single(p, a)

        def f2(p):
            return fnet_single(p, b)

        output, vjp_fn = vjp(f1, params)
        basis = torch.eye(output.numel(), dtype=output.dtype)
        return vmap(lambda v: jvp(f2, (params,), vjp_fn(v))[1])(basis)

    return vmap(vmap(get_ntk, (None, 0)), (0, None))(x1, x2)


first, second = by_contraction(x_train, x_test), by_products(x_train, x_test)
print(first.shape, torch.allclose(first, second.transpose(-1, -2), atol=1e-4))
print(first[0, 0])
print(torch.trace(by_contraction(x_train, x_train).diagonal(dim1=2, dim2=3).sum(-1)))


def energy(x):
    return (torch.sin(x) * x.roll(1)).sum()


x = torch.linspace(0.1, 1, 4)
print(hessian(energy)(x))
print(torch.allclose(jacfwd(jacrev(energy))(x), jacrev(jacfwd(energy))(x), atol=1e-6))
print(jvp(energy, (x,), (torch.ones(4),)))
