"""A convolutional network with batch normalisation, pooling and dropout."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
# Bars and crosses: which of four patterns is in the noise?
patterns = torch.zeros(4, 1, 12, 12)
patterns[0, 0, 5:7] = 1
patterns[1, 0, :, 5:7] = 1
patterns[2, 0] = torch.eye(12)
patterns[3, 0] = torch.eye(12).flip(0)


def batch(n):
    labels = torch.randint(4, (n,))
    shift = torch.randint(-2, 3, (1,)).item()
    return patterns[labels].roll(shift, dims=2) + 0.7 * torch.randn(n, 1, 12, 12), labels


class CNN(nn.Module):
    def __init__(self):
        super(CNN, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=3, padding=1)
        self.bn = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 8, 3, stride=1)
        self.pool = nn.MaxPool2d(2, 2)
        self.drop = nn.Dropout(p=0.25)
        self.fc = nn.Linear(8 * 2 * 2, 4)

    def forward(self, x):
        x = self.pool(F.relu(self.bn(self.conv1(x))))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        return self.fc(self.drop(x))


net = CNN()
print(net)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for step in range(60):
    x, y = batch(32)
    optimizer.zero_grad()
    loss = criterion(net(x), y)
    loss.backward()
    optimizer.step()
    if step % 15 == 0:
        print(f"step {step} loss {loss.item():.5f}")
net.eval()
x, y = batch(200)
with torch.inference_mode():
    accuracy = (net(x).argmax(1) == y).float().mean()
print(f"accuracy {accuracy:.3f}")
print("running mean", net.bn.running_mean, int(net.bn.num_batches_tracked))
print([tuple(p.shape) for p in net.parameters()])
