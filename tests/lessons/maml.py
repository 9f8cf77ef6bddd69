"""Learning to fit sine waves in one step: MAML by functional transforms."""

import math

import torch
from torch.func import functional_call, grad, vmap

torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(1, 20), torch.nn.Tanh(), torch.nn.Linear(20, 1))
params = dict(net.named_parameters())
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)


def mse(params, x, y):
    return ((functional_call(net, params, (x,)) - y) ** 2).mean()


def task_loss(params, x1, y1, x2, y2):
    grads = grad(mse)(params, x1, y1)
    adapted = {name: params[name] - 0.1 * grads[name] for name in params}
    return mse(adapted, x2, y2)


def sample_tasks(n, k):
    amplitude = torch.rand(n, 1, 1) * 4.9 + 0.1
    phase = torch.rand(n, 1, 1) * math.pi
    x = torch.rand(n, 2 * k, 1) * 10 - 5
    y = amplitude * torch.sin(x + phase)
    return x[:, :k], y[:, :k], x[:, k:], y[:, k:]


for it in range(31):
    batch = sample_tasks(8, 10)
    loss = vmap(task_loss, in_dims=(None, 0, 0, 0, 0))(params, *batch).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 10 == 0:
        print(f"iteration {it} loss {loss.item():.5f}")
per_example = vmap(grad(mse), in_dims=(None, 0, 0))(params, batch[0][0], batch[1][0])
print({name: tuple(g.shape) for name, g in per_example.items()})
print("norm", sum((g**2).sum() for g in per_example.values()).sqrt())
