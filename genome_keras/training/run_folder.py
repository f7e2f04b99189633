"""The folder of a training run: what it keeps, and how a killed run goes on."""

import math
import os
import time
from typing import Any

import keras
import numpy as np

from genome_keras.errors import FormatError
from genome_keras.io.atomic import atomic
from genome_keras.io.numpy_files import read_arrays
from genome_keras.training.averaging import averaged
from genome_keras.training.batches import Batches
from genome_keras.weights.checkpoint import save_bare
from genome_keras.weights.run_files import RunFiles


class RunFolder(keras.callbacks.Callback):
    """Keeps state, best weights and log of a run, so that a kill costs minutes.

    The files are those of `genome_keras.weights.run_files`, each replaced as a whole. The
    state holds weights, optimizer, random state and running metrics; it is written after
    every epoch and, within one, every `save_every` seconds. The run that goes on from it has
    the same numbers, to the bit, as one that was never stopped.

    Args:
        folder: of the run.
        batches: of the training examples, a `genome_keras.training.batches.Batches`.
        monitor: the column of the log whose lowest value is the best epoch.
        keep_epochs: also keep the weights of every epoch.
        patience: end after this many epochs without a better one; None never does.
        save_every: seconds between two states within an epoch.

    Attributes:
        epoch, batch: what is done: whole epochs, and batches of the one begun.
        log: one dict for each finished epoch.

    Example:
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> draw = np.random.default_rng(0)
        >>> codes = draw.integers(0, 4, (10, 12), np.uint8)
        >>> labels = draw.integers(0, 2, (10, 2), np.int8)
        >>> examples = Examples(codes, labels, np.array(["genome"] * 10), ["CTCF", "DNase"])
        >>> run = RunFolder("run", Batches(examples, batch_size=4, seed=0), patience=3)
        >>> run.epoch, run.finished, run.files.best.name
        (0, False, 'best.weights.h5')
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        batches: Batches,
        *,
        monitor: str = "val_perplexity",
        keep_epochs: bool = False,
        patience: int | None = None,
        save_every: float = 600,
    ) -> None:
        super().__init__()
        self.files, self.batches, self.monitor = RunFiles(folder), batches, monitor
        self.keep_epochs, self.patience, self.save_every = keep_epochs, patience, save_every
        self.epoch = self.batch = 0
        self.log, self.cpu_seconds, self._metrics = [], 0.0, None

    def restore(self, model: keras.Model) -> bool:
        """Loads the last state, if there is one.

        Returns:
            Whether there was one.

        Raises:
            FormatError: `state.npz` is damaged, or of another model.
        """
        path = self.files.state
        if not path.exists():
            return False
        model.optimizer.build(model.trainable_variables)
        problem = "damaged, or not the state of this model; remove the folder to start anew"
        state = read_arrays(path, problem=problem)
        try:
            for name, variables in _variables(model).items():
                _assign(variables, _numbered(state, name))
            self._metrics = _numbered(state, "metrics")
            self.epoch, self.batch = int(state["epoch"]), int(state["batch"])
            self.cpu_seconds = float(state["cpu_seconds"])
        except (ValueError, TypeError, KeyError) as error:
            raise FormatError(path, None, problem) from error
        log = self.files.read_log()
        self.log = [row for row in log if row["epoch"] <= self.epoch]
        if self.batch:
            model.test_on_batch(*self.batches[0])  # makes the variables of the metrics
        return True

    def begin(self, model: keras.Model, learned: Batches, valid: Batches) -> None:
        """Logs the weights that training starts from as epoch 0, and keeps them as the best.

        Args:
            model: compiled.
            learned, valid: what to measure its loss and perplexity on.
        """
        clock = time.process_time()
        row = {"epoch": 0, "learning_rate": 0.0}
        for prefix, batches in (("", learned), ("val_", valid)):
            measured = model.evaluate(batches, verbose=0, return_dict=True)
            row |= {prefix + name: float(value) for name, value in measured.items()}
        row["cpu_seconds"] = round(time.process_time() - clock, 1)
        self.log = [row]
        self.files.write_log(self.log, table=True)
        self._keep(model, 0, best=True)

    @property
    def finished(self) -> bool:
        """Whether `patience` has run out."""
        if self.patience is None or not self.log:
            return False
        values = [row[self.monitor] for row in self.log]
        return len(self.log) - 1 - values.index(min(values)) >= self.patience

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.batches.start_epoch(epoch, self.batch)
        self._clock, self._saved = time.process_time(), time.monotonic()
        if self.batch:
            _assign(self.model.metrics_variables, self._metrics)
            return
        self.cpu_seconds = 0.0
        # Dropout starts anew in each epoch, from its own seed.
        for number, variable in enumerate(self.model.non_trainable_variables):
            if variable.path.endswith("seed_generator_state"):
                draw = np.random.SeedSequence([self.batches.seed, epoch, number])
                variable.assign(draw.generate_state(2).astype(variable.dtype))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if time.monotonic() - self._saved >= self.save_every:
            done = self.batches.first + batch + 1
            self._save(self.epoch, done)
            self._saved = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "optimizers", [optimizer])[0]  # the head's, of several
        rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        row = {"epoch": epoch + 1, "learning_rate": rate}
        row |= {name: float(value) for name, value in (logs or {}).items()}
        row["cpu_seconds"] = round(self.cpu_seconds + time.process_time() - self._clock, 1)
        best = min((old[self.monitor] for old in self.log), default=math.inf)
        self.log.append(row)
        self.files.write_log(self.log, table=True)
        with averaged(self.model):
            self._keep(self.model, epoch + 1, best=row[self.monitor] < best)
        self._save(epoch + 1, 0)
        self.epoch, self.batch = epoch + 1, 0
        if self.finished:
            self.model.stop_training = True

    def _keep(self, model, epoch, *, best):
        kept = [self.files.best] if best else []
        if self.keep_epochs:
            kept.append(self.files.epoch(epoch))
            kept[-1].parent.mkdir(exist_ok=True)
        for path in kept:
            with atomic(path) as temporary:
                save_bare(model, temporary)

    def _save(self, epoch, batch):
        groups = _variables(self.model) | {"metrics": self.model.metrics_variables}
        arrays = {
            f"{name}/{number}": keras.ops.convert_to_numpy(variable)
            for name, variables in groups.items()
            for number, variable in enumerate(variables)
        }
        spent = self.cpu_seconds + time.process_time() - self._clock if batch else 0.0
        with atomic(self.files.state) as path:
            np.savez(path, epoch=epoch, batch=batch, cpu_seconds=spent, **arrays)


def _variables(model):
    return {
        "model": [*model.trainable_variables, *model.non_trainable_variables],
        "optimizer": model.optimizer.variables,
    }


def _numbered(state, name):
    count = sum(key.startswith(f"{name}/") for key in state)
    return [state[f"{name}/{number}"] for number in range(count)]


def _assign(variables, values):
    if [tuple(v.shape) for v in variables] != [value.shape for value in values]:
        raise ValueError("other variables")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
