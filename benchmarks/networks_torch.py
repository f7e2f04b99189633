"""bigru_multitask, deepsea, danq and char_rnn in plain torch: what ours are compared with.

Each takes codes as ours do, uint8 (batch, window), and gives logits: float (batch, tasks),
or (batch, window, 4) of the next base. Sizes have the names and defaults of our factories.
"""

import torch
from torch import nn


class Bigru(nn.Module):
    def __init__(self, *, window=100, tasks=919, embedding=2, units=128, depth=2, dropout=0.05):
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Linear(4, embedding, bias=False) for _ in "12")
        self.grus = nn.ModuleList(
            nn.GRU(embedding, units, num_layers=depth, batch_first=True) for _ in "12"
        )
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(2 * units, tasks)

    def forward(self, codes):
        x, read = letters(codes, self.head), []
        for strand, embed, gru in zip((x, x.flip(1)), self.embeddings, self.grus, strict=True):
            states, _ = gru(self.drop(embed(strand)))
            read.append(self.drop(states[:, -1]))
        return self.head(torch.cat(read, -1))


class Deepsea(nn.Module):
    def __init__(
        self,
        *,
        window=1000,
        tasks=919,
        filters=(320, 480, 960),
        widths=(8, 8, 8),
        pools=(4, 4, 1),
        hidden=925,
        dropout=(0.2, 0.2, 0.5),
    ):
        super().__init__()
        steps, before, left = [], 4, window
        for size, width, pool, drop in zip(filters, widths, pools, dropout, strict=True):
            steps += [nn.Conv1d(before, size, width), nn.ReLU(), nn.MaxPool1d(pool)]
            steps.append(nn.Dropout(drop))
            before, left = size, (left - width + 1) // pool
        self.convolutions = nn.Sequential(*steps)
        self.hidden = nn.Linear(before * left, hidden)
        self.head = nn.Linear(hidden, tasks)

    def forward(self, codes):
        x = self.convolutions(letters(codes, self.head).transpose(1, 2))
        return self.head(torch.relu(self.hidden(x.flatten(1))))


class Danq(nn.Module):
    def __init__(
        self,
        *,
        window=1000,
        tasks=919,
        filters=320,
        width=26,
        pool=13,
        units=320,
        hidden=925,
        dropout=(0.2, 0.5),
    ):
        super().__init__()
        self.convolution = nn.Sequential(
            nn.Conv1d(4, filters, width), nn.ReLU(), nn.MaxPool1d(pool), nn.Dropout(dropout[0])
        )
        self.lstm = nn.LSTM(filters, units, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(dropout[1])
        self.hidden = nn.Linear((window - width + 1) // pool * 2 * units, hidden)
        self.head = nn.Linear(hidden, tasks)

    def forward(self, codes):
        x = self.convolution(letters(codes, self.head).transpose(1, 2)).transpose(1, 2)
        x = self.drop(self.lstm(x.contiguous())[0])
        return self.head(torch.relu(self.hidden(x.flatten(1))))


class CharRnn(nn.Module):
    def __init__(self, *, window=100, units=128, depth=2):
        super().__init__()
        self.embedding = nn.Linear(4, units, bias=False)
        self.gru = nn.GRU(units, units, num_layers=depth, batch_first=True)
        self.head = nn.Linear(units, 4)

    def forward(self, codes):
        states, _ = self.gru(self.embedding(letters(codes, self.head)))
        return self.head(states)


NETWORKS = {"bigru_multitask": Bigru, "deepsea": Deepsea, "danq": Danq, "char_rnn": CharRnn}


def letters(codes, like):
    """One-hot letters, in the type of the weights; N is four zeros."""
    every = torch.arange(4, dtype=codes.dtype, device=codes.device)
    return (codes[..., None] == every).to(like.weight.dtype)


def cross_entropy(logits, labels):
    """Of labels (batch, tasks), or of the next bases (batch, window)."""
    if logits.dim() == 2:
        return nn.functional.binary_cross_entropy_with_logits(logits, labels.float())
    return nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten().long())


class Trainer:
    """One network with Adam, as ours: the norm of the gradient is cut at `clip`.

    Args:
        network: of `NETWORKS`.
        precision: "float32", "mixed_bfloat16" or "mixed_float16", by torch's autocast.
    """

    def __init__(self, network, *, device="cpu", precision="float32", clip=1.0):
        self.network, self.device, self.clip = network.to(device), device, clip
        self.optimizer = torch.optim.Adam(network.parameters(), 1e-3)
        narrow = {"mixed_bfloat16": torch.bfloat16, "mixed_float16": torch.float16}.get(precision)
        self.cast = lambda: torch.autocast(device, narrow, enabled=narrow is not None)
        self.scaler = torch.amp.GradScaler(device, enabled=narrow is torch.float16)

    def predict(self, codes):
        """Probabilities of codes in NumPy, as NumPy."""
        self.network.eval()
        with torch.no_grad(), self.cast():
            logits = self.network(torch.from_numpy(codes).to(self.device)).float()
        found = logits.softmax(-1) if isinstance(self.network, CharRnn) else logits.sigmoid()
        return found.cpu().numpy()

    def train(self, codes, labels):
        """One step on codes and labels in NumPy; the loss stays on the device."""
        self.network.train()
        codes, labels = (torch.from_numpy(of).to(self.device) for of in (codes, labels))
        self.optimizer.zero_grad()
        with self.cast():
            loss = cross_entropy(self.network(codes), labels)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.detach()
