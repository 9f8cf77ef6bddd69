"""What autograd records, and what one can ask of it."""

import torch

x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
y = x + 2
z = (y * y * 3).mean()
print(x, y, z, sep="\n")
print(z.grad_fn is not None, y.grad_fn.next_functions[0][0].variable is x)
z.backward()
print(x.grad)

a = torch.ones(3, requires_grad=True)
(a * 2).sum().backward()
(a * 3).sum().backward()
print("accumulated", a.grad)

v = torch.randn(3, generator=torch.Generator().manual_seed(1))
out = a**2 * v
out.backward(gradient=torch.tensor([0.1, 1.0, 10.0]))
print("with a cotangent", a.grad)
print("no_grad", (a * 2).requires_grad, torch.no_grad()(lambda: (a * 2).requires_grad)())
print("detached", (a * 2).detach().requires_grad)

t = torch.tensor(0.7, requires_grad=True)
first = torch.autograd.grad(torch.sin(t) * t, t, create_graph=True)[0]
second = torch.autograd.grad(first, t)[0]
print(f"derivatives {first.item():.6f} {second.item():.6f}")

seen = []
u = torch.tensor([1.0, -2.0], requires_grad=True)
w = u * 3
w.register_hook(lambda g: seen.append(g.tolist()))
w.retain_grad()
w.relu().sum().backward()
print("hook", seen, w.grad, u.grad)
try:
    w.relu().sum().backward()
    w.sum().backward()
except RuntimeError:
    print("a second sweep needs retain_graph")

print(torch.autograd.functional.jacobian(lambda p: p**3, torch.tensor([1.0, 2.0])))
print(torch.autograd.functional.hessian(lambda p: (p**3).sum(), torch.tensor([1.0, 2.0])))
print(torch.autograd.gradcheck(lambda p: p.exp() * p, torch.randn(3, dtype=torch.float64, requires_grad=True)))
print(x.dtype == torch.float32, x.size(), x.shape, x.numel(), x.T.is_contiguous())
