"""A bandit learned by REINFORCE, and what distributions answer."""

import torch
from torch.distributions import Bernoulli, Categorical, MultivariateNormal, Normal, Uniform, kl_divergence

torch.manual_seed(5)
rewards = torch.tensor([0.1, 0.5, 0.9])
logits = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.Adam([logits], lr=0.1)
for step in range(60):
    policy = Categorical(logits=logits)
    action = policy.sample((16,))
    reward = Bernoulli(rewards[action]).sample()
    loss = -(policy.log_prob(action) * (reward - reward.mean())).mean() - 0.01 * policy.entropy()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print(step, f"{loss.item():.5f}", policy.probs.tolist())
print(Categorical(logits=logits).probs)

n = Normal(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.5]))
print(n, n.sample((2,)), n.rsample(), n.log_prob(torch.tensor(0.3)), n.entropy(), n.cdf(torch.tensor(0.3)))
print(kl_divergence(n, Normal(0.0, 1.0)), n.mean, n.stddev, n.variance)
u = Uniform(-1.0, torch.tensor([1.0, 3.0]))
print(u.sample((3,)), u.log_prob(torch.tensor(0.5)), u.entropy())
c = Categorical(torch.tensor([[0.2, 0.3, 0.5], [1.0, 1.0, 2.0]]))
print(c, c.sample((4,)), c.log_prob(torch.tensor([2, 0])), c.entropy())
b = Bernoulli(torch.tensor([0.2, 0.7]))
print(b.sample((3,)), b.log_prob(torch.tensor([1.0, 0.0])), b.entropy())
m = MultivariateNormal(torch.zeros(2), torch.tensor([[2.0, 0.5], [0.5, 1.0]]))
print(m.sample((2,)), m.log_prob(torch.tensor([0.5, -0.5])), m.entropy())
try:
    Normal(0.0, -1.0)
except ValueError:
    print("a scale is positive")
