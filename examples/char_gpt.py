"""A small GPT that learns to write, letter by letter, from three sonnets by Shakespeare: four blocks of attention and MLP.

The text is in this file, so there is nothing to download: 2000 steps take about a minute. With so little of it the model
ends up knowing the sonnets by heart; the losses say when. `python char_gpt.py --steps 200 --out 300`
"""

import argparse
import math
import sys

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.nn import functional as F

TEXT = """\
Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date;
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimm'd;
And every fair from fair sometime declines,
By chance or nature's changing course untrimm'd;
But thy eternal summer shall not fade,
Nor lose possession of that fair thou ow'st;
Nor shall death brag thou wander'st in his shade,
When in eternal lines to time thou grow'st:
So long as men can breathe or eyes can see,
So long lives this, and this gives life to thee.

Let me not to the marriage of true minds
Admit impediments. Love is not love
Which alters when it alteration finds,
Or bends with the remover to remove:
O no! it is an ever-fixed mark
That looks on tempests and is never shaken;
It is the star to every wandering bark,
Whose worth's unknown, although his height be taken.
Love's not Time's fool, though rosy lips and cheeks
Within his bending sickle's compass come;
Love alters not with his brief hours and weeks,
But bears it out even to the edge of doom.
If this be error and upon me proved,
I never writ, nor no man ever loved.

My mistress' eyes are nothing like the sun;
Coral is far more red than her lips' red;
If snow be white, why then her breasts are dun;
If hairs be wires, black wires grow on her head.
I have seen roses damask'd, red and white,
But no such roses see I in her cheeks;
And in some perfumes is there more delight
Than in the breath that from my mistress reeks.
I love to hear her speak, yet well I know
That music hath a far more pleasing sound;
I grant I never saw a goddess go;
My mistress, when she walks, treads on the ground:
And yet, by heaven, I think my love as rare
As any she belied with false compare.
"""
CONTEXT, WIDTH, HEADS, BLOCKS, BATCH = 32, 64, 4, 4, 12


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):  # (B, T, C) → (B, T, C)
        b, t, c = x.shape
        q, k, v = (part.view(b, t, HEADS, c // HEADS).transpose(1, 2) for part in self.qkv(x).split(c, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, heads, T, C / heads)
        return self.out(y.transpose(1, 2).reshape(b, t, c))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(WIDTH), Attention()
        self.norm2 = nn.LayerNorm(WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    def __init__(self, letters):
        super().__init__()
        self.letter, self.place = nn.Embedding(letters, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(BLOCKS)])
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, letters, bias=False)
        for name, p in self.named_parameters():
            if p.dim() > 1:
                nn.init.normal_(
                    p, std=0.02 / math.sqrt(2 * BLOCKS) if name.endswith(("out.weight", "2.weight")) else 0.02
                )

    def forward(self, ids):  # (B, T) int → (B, T, letters)
        x = self.letter(ids) + self.place(tg.arange(ids.shape[1]))
        return self.head(self.norm(self.blocks(x)))

    @tg.no_grad()
    def write(self, ids, count):
        for _ in range(count):
            p = F.softmax(self(ids[:, -CONTEXT:])[:, -1], dim=-1)
            ids = tg.cat([ids, tg.multinomial(p, num_samples=1)], dim=1)
        return ids


def bar(step, steps):
    if sys.stderr.isatty():
        done = 40 * step // steps
        print(f"\r[{'█' * done}{' ' * (40 - done)}] {step}/{steps}", end="\n" if step == steps else "", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000, help="steps of training (2000)")
    parser.add_argument("--out", type=int, default=400, help="letters to write at the end (400)")
    given = parser.parse_args()
    tg.manual_seed(1337)
    letters = sorted(set(TEXT))
    number = {letter: i for i, letter in enumerate(letters)}
    ids = tg.tensor([number[letter] for letter in TEXT])
    model = GPT(len(letters))
    print(f"{len(TEXT)} letters, {len(letters)} different; {sum(p.numel() for p in model.parameters())} parameters")
    optimizer = optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.99), weight_decay=0.1)
    warm = optim.lr_scheduler.LinearLR(optimizer, 0.05, total_iters=20)
    fall = optim.lr_scheduler.CosineAnnealingLR(optimizer, max(given.steps - 20, 1), eta_min=2e-4)
    scheduler = optim.lr_scheduler.SequentialLR(optimizer, [warm, fall], [20])
    for step in range(given.steps):
        starts = tg.randint(len(ids) - CONTEXT, (BATCH,))
        batch = tg.stack([ids[i : i + CONTEXT + 1] for i in starts.tolist()])
        loss = F.cross_entropy(model(batch[:, :-1]).view(-1, len(letters)), batch[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        bar(step + 1, given.steps)
        if step % max(given.steps // 10, 1) == 0 or step == given.steps - 1:
            print(f"step {step:4d}: loss {loss.item():.3f}, learning rate {scheduler.get_last_lr()[0]:.5f}")
    print("It writes:", "".join(letters[i] for i in model.write(ids[:1][None], given.out)[0].tolist()), sep="\n")


if __name__ == "__main__":
    main()
