"""A Transformer encoder learns whether a row of digits has more of one half than of the other."""

import math

import torch
from torch import nn

torch.manual_seed(0)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=50):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return self.dropout(x + self.pe[: x.size(0)])


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 16)
        self.pos = PositionalEncoding(16)
        layer = nn.TransformerEncoderLayer(d_model=16, nhead=2, dim_feedforward=32, dropout=0.1)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2)
        self.out = nn.Linear(16, 2)

    def forward(self, x, mask=None):
        h = self.encoder(self.pos(self.embed(x) * math.sqrt(16)), mask)
        return self.out(h.mean(0))


model = Model()
print(sum(p.numel() for p in model.parameters()))
mask = nn.Transformer.generate_square_subsequent_mask(9)
print(mask[:3, :3])
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(40):
    x = torch.randint(0, 10, (9, 32))
    y = ((x >= 5).sum(0) >= 5).long()
    loss = nn.functional.cross_entropy(model(x, mask), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(step, f"{loss.item():.4f}")
q = torch.randn(2, 2, 5, 8)
print(nn.functional.scaled_dot_product_attention(q, q, q, is_causal=True).sum())
attention = nn.MultiheadAttention(8, 2, batch_first=True).eval()
out, weights = attention(q[0], q[0], q[0])
print(out.shape, weights.shape, weights[0, 0])
