"""An operation with a derivative of one's own."""

import torch
from torch.autograd import Function, Variable


class LegendrePolynomial3(Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return 0.5 * (5 * input**3 - 3 * input)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        return grad_output * 1.5 * (5 * input**2 - 1)


class ScaledClamp(Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.scale = scale
        ctx.mark_non_differentiable()
        ctx.save_for_backward(x)
        return x.clamp(min=0) * scale

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x > 0) * ctx.scale, None


x = torch.linspace(-3.14, 3.14, 1000)
y = torch.sin(x)
a, b, c, d = (torch.full((), value, requires_grad=True) for value in (0.0, -1.0, 0.0, 0.3))
for t in range(500):
    y_pred = a + b * LegendrePolynomial3.apply(c + d * x)
    loss = (y_pred - y).pow(2).sum()
    if t % 100 == 99:
        print(t, f"{loss.item():.4f}")
    loss.backward()
    with torch.no_grad():
        for p in (a, b, c, d):
            p -= 5e-6 * p.grad
            p.grad = None
print(f"{a.item():.5f} {b.item():.5f} {c.item():.5f} {d.item():.5f}")

v = Variable(torch.tensor([-1.0, 0.5, 2.0]), requires_grad=True)
out = ScaledClamp.apply(v, 3.0)
print(out)
out.sum().backward()
print(v.grad)
print(torch.autograd.gradcheck(LegendrePolynomial3.apply, torch.randn(4, dtype=torch.double, requires_grad=True)))
