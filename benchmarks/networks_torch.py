"""The networks of benchmarks in plain torch: what ours are compared with.

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


class Basset(nn.Module):
    def __init__(
        self,
        *,
        window=600,
        tasks=164,
        filters=(300, 200, 200),
        widths=(19, 11, 7),
        pools=(3, 4, 4),
        hidden=(1000, 1000),
        dropout=0.3,
        both_strands=False,
    ):
        super().__init__()
        self.both_strands = both_strands
        steps, before, left = [], 4, window
        for size, width, pool in zip(filters, widths, pools, strict=True):
            steps += [nn.Conv1d(before, size, width), nn.BatchNorm1d(size), nn.ReLU()]
            steps.append(nn.MaxPool1d(pool))
            before, left = size, (left - width + 1) // pool
        self.convolutions = nn.Sequential(*steps)
        steps, before = [], before * left
        for size in hidden:
            steps += [nn.Linear(before, size), nn.BatchNorm1d(size), nn.ReLU()]
            steps.append(nn.Dropout(dropout))
            before = size
        self.hidden = nn.Sequential(*steps)
        self.head = nn.Linear(before, tasks)

    def forward(self, codes):
        x = strands(letters(codes, self.head), self.both_strands)
        x = self.hidden(self.convolutions(x.transpose(1, 2)).flatten(1))
        return self.head(merged(x, self.both_strands))


class ConvBigru(nn.Module):
    def __init__(
        self,
        *,
        window=100,
        tasks=919,
        filters=(256, 128),
        width=19,
        pool=4,
        blocks=2,
        units=96,
        activation="silu",
        dropout=0.0,
        both_strands=False,
    ):
        super().__init__()
        assert activation == "silu"
        self.both_strands, (first, others) = both_strands, filters
        self.first = convolved(4, first, width, dropout)
        self.pool = nn.MaxPool1d(pool, ceil_mode=True)
        self.second = convolved(first, others, 5, dropout)
        self.blocks = nn.ModuleList(
            convolved(others, others, 5, dropout, 2**number) for number in range(blocks)
        )
        self.gru = nn.GRU(others, units, batch_first=True, bidirectional=True)
        self.drop, self.head = nn.Dropout(dropout), nn.Linear(4 * units, tasks)

    def forward(self, codes):
        x = strands(letters(codes, self.head), self.both_strands)
        x = self.second(self.pool(self.first(x.transpose(1, 2))))
        for block in self.blocks:
            x = x + block(x)
        states = self.gru(x.transpose(1, 2).contiguous())[0]
        read = torch.cat([states.amax(1), states.mean(1)], 1)
        return self.head(merged(self.drop(read), self.both_strands))


def convolved(before, size, width, dropout, dilation=1):
    padding = (width - 1) * dilation // 2  # of odd widths: the length stays
    around = {"padding": padding, "dilation": dilation, "bias": False}
    steps = [nn.Conv1d(before, size, width, **around), nn.BatchNorm1d(size), nn.SiLU()]
    return nn.Sequential(*steps, nn.Dropout(dropout))


def strands(x, both):
    """Letters (batch, window, 4), followed by those of the other strand where both are read."""
    return torch.cat([x, x.flip(1, 2)]) if both else x


def merged(x, both):
    """The mean of the features of both strands."""
    return (x[: len(x) // 2] + x[len(x) // 2 :]) / 2 if both else x


class CharRnn(nn.Module):
    def __init__(self, *, window=100, units=128, depth=2):
        super().__init__()
        self.embedding = nn.Linear(4, units, bias=False)
        self.gru = nn.GRU(units, units, num_layers=depth, batch_first=True)
        self.head = nn.Linear(units, 4)

    def forward(self, codes):
        states, _ = self.gru(self.embedding(letters(codes, self.head)))
        return self.head(states)


NETWORKS = {
    "bigru_multitask": Bigru,
    "deepsea": Deepsea,
    "danq": Danq,
    "basset": Basset,
    "conv_bigru": ConvBigru,
    "char_rnn": CharRnn,
}


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
