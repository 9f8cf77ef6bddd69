"""Data sets, samplers and loaders; with workers too."""

import numpy as np
import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, TensorDataset, random_split
from torch.utils.data.sampler import SubsetRandomSampler, WeightedRandomSampler


class Squares(Dataset):
    def __init__(self, n, transform=None):
        self.n, self.transform = n, transform

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        x = torch.tensor([i, i * i], dtype=torch.float32)
        return {"x": self.transform(x) if self.transform else x, "label": i % 3, "name": f"n{i}", "w": i / 2}


class Count(IterableDataset):
    def __init__(self, start, end):
        self.start, self.end = start, end

    def __iter__(self):
        own = torch.utils.data.get_worker_info()
        if own is None:
            return iter(range(self.start, self.end))
        return iter(range(self.start + own.id, self.end, own.num_workers))


if __name__ == "__main__":
    torch.manual_seed(7)
    data = Squares(10, transform=lambda x: x / 10)
    for batch in DataLoader(data, batch_size=4, shuffle=True, num_workers=2):
        print(batch["x"].sum(0), batch["label"], batch["name"], batch["w"].dtype == torch.float64)
    train, valid = random_split(data, [0.7, 0.3], generator=torch.Generator().manual_seed(42))
    print(len(train), len(valid), list(valid.indices))
    print([batch.tolist() for batch in DataLoader(Count(3, 10), num_workers=2, batch_size=2)])
    both = ConcatDataset([TensorDataset(torch.arange(3)), TensorDataset(torch.arange(10, 13))])
    print([x.tolist() for (x,) in DataLoader(both, batch_size=4, drop_last=True, shuffle=True)])
    print(list(SubsetRandomSampler(range(5))), list(WeightedRandomSampler([0.1, 0.2, 5.0], 6)))
    features = torch.from_numpy(np.arange(12.0).reshape(6, 2)).float()
    for x, y in DataLoader(TensorDataset(features, torch.arange(6)), batch_size=4, pin_memory=False):
        print(x.shape, y)
    print("next random number", torch.rand(1).item())
