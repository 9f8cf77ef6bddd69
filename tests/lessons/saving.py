"""Checkpoints: what is in a state dict, and how training goes on from a file."""

import io
import os
import tempfile

import torch
from torch import nn

torch.manual_seed(2)


def fresh():
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    return model, torch.optim.Adam(model.parameters(), lr=1e-2)


def step(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


model, optimizer = fresh()
x, y = torch.randn(16, 4), torch.randn(16, 2)
for _ in range(10):
    loss = step(model, optimizer, x, y)
for name in model.state_dict():
    print(name, "\t", model.state_dict()[name].size())
print(optimizer.state_dict()["param_groups"][0]["lr"], len(optimizer.state_dict()["state"]))
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.tar")
    torch.save({"epoch": 10, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "loss": loss}, path)
    again, optimizer2 = fresh()
    checkpoint = torch.load(path, map_location=torch.device("cpu"), weights_only=True)
    print(again.load_state_dict(checkpoint["model"]))
    optimizer2.load_state_dict(checkpoint["optimizer"])
print(checkpoint["epoch"], f"{checkpoint['loss']:.6f}")
print([f"{step(model, optimizer, x, y):.6f}" for _ in range(3)])
print([f"{step(again, optimizer2, x, y):.6f}" for _ in range(3)])
buffer = io.BytesIO()
torch.save(torch.arange(6).reshape(2, 3), buffer)
buffer.seek(0)
print(torch.load(buffer))
try:
    again.load_state_dict({"0.weight": torch.zeros(3, 4)})
except Exception as error:
    print("refused", "2.bias" in str(error))
