"""A character-level bigram model: by counting, and by a layer of logits; names are sampled from both."""

import torch
import torch.nn.functional as F

WORDS = "emma olivia ava isabella sophia charlotte mia amelia harper evelyn abigail emily ella elizabeth camila luna".split()
chars = sorted(set("".join(WORDS)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
V = len(stoi)

N = torch.zeros((V, V), dtype=torch.int32)
xs, ys = [], []
for w in WORDS:
    for a, b in zip("." + w, w + "."):
        N[stoi[a], stoi[b]] += 1
        xs.append(stoi[a])
        ys.append(stoi[b])
P = (N + 1).float()
P /= P.sum(1, keepdims=True)
xs, ys = torch.tensor(xs), torch.tensor(ys)
print("pairs", xs.nelement(), "loss by counting", -P[xs, ys].log().mean().item())


def sample(rows, g):
    out, ix = [], 0
    while True:
        ix = torch.multinomial(rows(ix), num_samples=1, replacement=True, generator=g).item()
        if ix == 0 or len(out) > 12:
            return "".join(out)
        out.append(itos[ix])


g = torch.Generator().manual_seed(2147483647)
print([sample(lambda ix: P[ix], g) for _ in range(6)])

W = torch.randn((V, V), generator=g, requires_grad=True)
for k in range(60):
    logits = F.one_hot(xs, num_classes=V).float() @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdim=True)
    loss = -probs[torch.arange(len(xs)), ys].log().mean() + 0.01 * (W**2).mean()
    W.grad = None
    loss.backward()
    W.data += -20 * W.grad
    if k % 20 == 0:
        print(k, f"{loss.item():.5f}")
print(f"final {loss.item():.5f}", "as cross entropy", f"{F.cross_entropy(W[xs], ys).item():.5f}")
print([sample(lambda ix: F.softmax(W[ix], dim=0), g) for _ in range(6)])
