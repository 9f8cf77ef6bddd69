"""A variational autoencoder of noisy bars."""

import torch
from torch import nn, optim
from torch.nn import functional as F

torch.manual_seed(1)
images = (torch.rand(256, 64) < 0.05).float()
for i in range(256):
    images[i].view(8, 8)[i % 8] = 1.0


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 32)
        self.fc21 = nn.Linear(32, 4)
        self.fc22 = nn.Linear(32, 4)
        self.fc3 = nn.Linear(4, 32)
        self.fc4 = nn.Linear(32, 64)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 64))
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x, x.view(-1, 64), reduction="sum")
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + KLD


model = VAE()
optimizer = optim.Adam(model.parameters(), lr=1e-2)
loader = torch.utils.data.DataLoader(images, batch_size=64, shuffle=True)
for epoch in range(1, 9):
    train_loss = 0
    for data in loader:
        optimizer.zero_grad()
        recon, mu, logvar = model(data)
        loss = loss_function(recon, data, mu, logvar)
        loss.backward()
        train_loss += loss.item()
        optimizer.step()
    print(f"====> Epoch: {epoch} Average loss: {train_loss / len(images):.4f}")
with torch.no_grad():
    sample = model.decode(torch.randn(3, 4)).cpu()
print(sample.view(3, 8, 8).sum(2))
p = torch.distributions.Normal(mu.detach(), (0.5 * logvar.detach()).exp())
q = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
print("KL", torch.distributions.kl_divergence(p, q).sum(1).mean())
