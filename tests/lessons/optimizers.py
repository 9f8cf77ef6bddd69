"""The same valley with every optimizer and several schedules."""

import torch
from torch.optim import lr_scheduler


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


for name, options in {
    "SGD": {"lr": 1e-3, "momentum": 0.9, "nesterov": True},
    "Adam": {"lr": 0.05},
    "AdamW": {"lr": 0.05, "weight_decay": 0.01},
    "RMSprop": {"lr": 0.01, "alpha": 0.9},
    "Adagrad": {"lr": 0.3},
    "Adadelta": {"lr": 5.0},
    "Adamax": {"lr": 0.05},
    "NAdam": {"lr": 0.05},
    "RAdam": {"lr": 0.05},
}.items():
    p = torch.tensor([-1.5, 2.0], dtype=torch.float64, requires_grad=True)
    optimizer = getattr(torch.optim, name)([p], **options)
    for _ in range(100):
        optimizer.zero_grad()
        loss = rosenbrock(p)
        loss.backward()
        optimizer.step()
    print(f"{name:9s} {loss.item():.6f}", [round(v, 4) for v in p.tolist()])

p = torch.tensor([-1.5, 2.0], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.LBFGS([p], lr=1.0, max_iter=10, line_search_fn="strong_wolfe")


def closure():
    optimizer.zero_grad()
    loss = rosenbrock(p)
    loss.backward()
    return loss


for _ in range(3):
    loss = optimizer.step(closure)
print(f"LBFGS     {loss.item():.5f}", [round(v, 3) for v in p.tolist()])

for make in (
    lambda o: lr_scheduler.StepLR(o, step_size=3, gamma=0.5),
    lambda o: lr_scheduler.ExponentialLR(o, gamma=0.9),
    lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=8),
    lambda o: lr_scheduler.LinearLR(o, total_iters=4),
    lambda o: lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=12),
    lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.95**epoch),
):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = make(optimizer)
    rates = []
    for _ in range(8):
        optimizer.step()
        rates.append(round(scheduler.get_last_lr()[0], 5))
        scheduler.step()
    print(type(scheduler).__name__, rates)
