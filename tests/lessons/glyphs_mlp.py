"""An MLP that reads small noisy digits."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

GLYPHS = """
.###. ..#.. .###. .###. #..#. ##### .###. ##### .###. .###.
#...# .##.. #...# #...# #..#. #.... #.... ....# #...# #...#
#...# ..#.. ...#. ..##. ##### ####. ####. ...#. .###. .####
#...# ..#.. ..#.. #...# ...#. ....# #...# ..#.. #...# ....#
.###. .###. ##### .###. ...#. ####. .###. ..#.. .###. .###.
""".split()


def glyphs():
    rows = [GLYPHS[i * 10 : i * 10 + 10] for i in range(5)]
    return torch.tensor([[[float(c == "#") for c in rows[r][d]] for r in range(5)] for d in range(10)])


def noisy(n, noise):
    labels = torch.randint(0, 10, (n,))
    return glyphs()[labels] + noise * torch.randn(n, 5, 5), labels


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.layers = nn.Sequential(nn.Linear(25, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 10))

    def forward(self, x):
        return F.log_softmax(self.layers(self.flatten(x)), dim=1)


def main():
    torch.manual_seed(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    train_loader = DataLoader(TensorDataset(*noisy(600, 0.4)), batch_size=32, shuffle=True)
    x_test, y_test = noisy(200, 0.4)
    model = Net().to(device)
    print(model)
    print(sum(p.numel() for p in model.parameters() if p.requires_grad), "parameters")
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, betas=(0.9, 0.99), weight_decay=1e-4)
    scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    for epoch in range(4):
        model.train()
        total = 0.0
        for data, target in train_loader:
            data, target = data.to(device), target.to(device)
            optimizer.zero_grad()
            loss = F.nll_loss(model(data), target)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * len(data)
        scheduler.step()
        model.eval()
        with torch.no_grad():
            output = model(x_test)
            test_loss = F.nll_loss(output, y_test, reduction="sum").item() / len(x_test)
            pred = output.argmax(dim=1, keepdim=True)
            correct = pred.eq(y_test.view_as(pred)).sum().item()
        print(
            f"epoch {epoch} train {total / 600:.4f} test {test_loss:.4f} correct {correct}/200 lr {scheduler.get_last_lr()}"
        )


if __name__ == "__main__":
    main()
