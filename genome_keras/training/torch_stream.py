"""Batches as a torch data set. Importing this needs torch."""

import torch


class Stream(torch.utils.data.IterableDataset):
    """What a function yields, as tensors; see `genome_keras.training.batches.torch_dataset`.

    Args:
        stream: called with the number of the worker process and their count, yields
            tuples of arrays.
        length: how many, over all workers.
    """

    def __init__(self, stream, length):
        self.stream, self.length = stream, length

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        turn = (0, 1) if worker is None else (worker.id, worker.num_workers)
        for arrays in self.stream(*turn):
            yield tuple(map(torch.from_numpy, arrays))

    def __len__(self):
        return self.length
