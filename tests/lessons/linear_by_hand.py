"""A line through noisy points, with the gradient written by hand, then by autograd, then with nn and optim."""

import torch

torch.manual_seed(0)
true_w, true_b = 2.5, -1.0
x = torch.linspace(-3, 3, 60)
y = true_w * x + true_b + 0.3 * torch.randn(60)

w, b, lr = torch.zeros(1), torch.zeros(1), 0.05
for step in range(100):
    error = w * x + b - y
    loss = (error**2).mean()
    w -= lr * 2 * (error * x).mean()
    b -= lr * 2 * error.mean()
    if step % 25 == 0:
        print(f"by hand  step {step:3d} loss {loss.item():.6f}")
print("by hand ", w, b)

w = torch.zeros(1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for step in range(100):
    loss = ((w * x + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= lr * w.grad
        b -= lr * b.grad
        w.grad.zero_()
        b.grad = None
    if step % 25 == 0:
        print(f"autograd step {step:3d} loss {loss:.6f}")
print("autograd", w, b)

model = torch.nn.Linear(1, 1)
print(model)
optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.5)
criterion = torch.nn.MSELoss()
for step in range(100):
    optimizer.zero_grad()
    loss = criterion(model(x[:, None]), y[:, None])
    loss.backward()
    optimizer.step()
for name, parameter in model.named_parameters():
    print(name, parameter.data, parameter.shape)
print("loss", loss)
