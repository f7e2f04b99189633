"""The bar of a training run: examples a second, loss, validation perplexity, time left."""

from typing import Any

import keras

from genome_keras.progress import LAYOUT, progress
from genome_keras.training.run_folder import RunFolder


class ProgressBar(keras.callbacks.Callback):
    """One bar on a terminal for all epochs of a run; `with` closes it.

    Args:
        run: the folder, which knows what is done.
        epochs: of the whole run.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> import numpy as np
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> from genome_keras.training.batches import Batches
        >>> codes, labels = np.zeros((8, 12), np.uint8), np.zeros((8, 1), np.int8)
        >>> examples = Examples(codes, labels, np.full(8, ""), ["CTCF"])
        >>> run = RunFolder("run", Batches(examples, batch_size=4, seed=0))
        >>> with ProgressBar(run, epochs=2) as bar:  # a callback of `fit`
        ...     bar.bar.total
        16
    """

    def __init__(self, run: RunFolder, epochs: int) -> None:
        super().__init__()
        self.run, self.epochs = run, epochs
        size = run.batches.reader.batch_size
        each = (len(run.batches) + run.batches.first) * size
        self.size, self.logs, self.bar = size, {}, progress(
            total=epochs * each,
            initial=run.epoch * each + run.batch * size,
            desc=f"epoch {run.epoch + 1}/{epochs}",
            unit=" examples",
            unit_scale=True,
            bar_format=LAYOUT,
        )  # fmt: skip

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.bar.set_description_str(f"epoch {epoch + 1}/{self.epochs}", refresh=False)
        self._tell()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.logs = logs or {}
        if not self.bar.disable:
            self._tell()
        self.bar.update(self.size)

    def on_test_begin(self, logs: Any = None) -> None:
        self.bar.set_description_str("validating")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.on_epoch_begin(min(epoch, self.epochs - 1))
        self.bar.refresh()

    def _tell(self):
        told = [f"loss {float(self.logs['loss']):.3f}"] if "loss" in self.logs else []
        if self.run.log:
            told.append(f"valid perplexity {self.run.log[-1]['val_perplexity']:.3f}")
        self.bar.set_postfix_str(", ".join(told), refresh=False)
