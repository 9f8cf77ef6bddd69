"""Which language is a name from? An RNN over its letters."""

import random
import string

import torch
import torch.nn as nn

NAMES = {
    "Italian": "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti".split(),
    "German": "Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Richter Klein".split(),
    "Japanese": "Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato Yoshida".split(),
}
LETTERS = string.ascii_letters
CATEGORIES = list(NAMES)
torch.manual_seed(0)
random.seed(0)


def line_to_tensor(line):
    tensor = torch.zeros(len(line), 1, len(LETTERS))
    for i, letter in enumerate(line):
        tensor[i][0][LETTERS.find(letter)] = 1
    return tensor


class ByHand(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, line):
        hidden = torch.zeros(1, self.hidden_size)
        for letter in line:
            hidden = torch.tanh(self.i2h(torch.cat((letter, hidden), 1)))
        return self.softmax(self.h2o(hidden))


class WithLayer(nn.Module):
    def __init__(self, kind, input_size, hidden_size, output_size):
        super().__init__()
        self.rnn = kind(input_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)

    def forward(self, line):
        out, _ = self.rnn(line)
        return nn.functional.log_softmax(self.h2o(out[-1]), dim=1)


criterion = nn.NLLLoss()
for model in (
    ByHand(len(LETTERS), 16, 3),
    WithLayer(nn.RNN, len(LETTERS), 16, 3),
    WithLayer(nn.GRU, len(LETTERS), 16, 3),
    WithLayer(nn.LSTM, len(LETTERS), 16, 3),
):
    print(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    total = 0.0
    for i in range(1, 241):
        category = random.choice(CATEGORIES)
        line = random.choice(NAMES[category])
        output = model(line_to_tensor(line))
        loss = criterion(output, torch.tensor([CATEGORIES.index(category)], dtype=torch.long))
        model.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
        if i % 80 == 0:
            print(i, f"{total / 80:.4f}", line, CATEGORIES[output.topk(1)[1].item()])
            total = 0.0
