"""Batches as a torch data set. Importing this needs torch."""

from collections.abc import Callable, Iterator

import torch


class Stream(torch.utils.data.IterableDataset):
    """What a function yields, as tensors; see `genome_keras.training.batches.torch_dataset`.

    Args:
        stream: called with the number of the worker process and their count, yields
            tuples of arrays.
        length: how many, over all workers.

    Example:
        >>> import numpy as np
        >>> batches = Stream(lambda turn, turns: iter([(np.zeros((4, 12)),)]), length=1)
        >>> [tuple(codes.shape) for (codes,) in batches]
        [(4, 12)]
    """

    def __init__(self, stream: Callable[[int, int], Iterator[tuple]], length: int) -> None:
        self.stream, self.length = stream, length

    def __iter__(self) -> Iterator[tuple]:
        worker = torch.utils.data.get_worker_info()
        turn = (0, 1) if worker is None else (worker.id, worker.num_workers)
        for arrays in self.stream(*turn):
            yield tuple(map(torch.from_numpy, arrays))

    def __len__(self) -> int:
        return self.length
