"""What can be scored: a checkpoint, or a training run with one or all of its epochs."""

import json
from pathlib import Path

import numpy as np

import genome_keras
from genome_keras.errors import FormatError
from genome_keras.weights.resolve import find


class Contender:
    """A model to score, once for each of its epochs.

    Args:
        name: name or path of a checkpoint, or the folder of a training run, which has
            a `train.json`.

    Attributes:
        tasks: names, in the order of the output.
        trained: for each task whether it was, as in `genome_keras.weights.Checkpoint`.
        window: bp; None takes any.
        epochs: numbers, 1-based, of a run that kept the weights of each; [None] is
            the one model there is.
        log: rows with `epoch`, `perplexity` and `val_perplexity`, of the training;
            empty where it is not known.

    Raises:
        FormatError: a run whose record or log cannot be read.
        WeightsError: no such checkpoint.
    """

    def __init__(self, name):
        self.name, self._files = name, {None: None}
        if (Path(name) / "train.json").is_file():
            self._open_run(Path(name))
        else:
            from genome_keras.scoring.load import load_model

            self._model, checkpoint = load_model(name)
            self.tasks, self.trained = list(checkpoint.tasks), checkpoint.trained
            self.window = checkpoint.arguments.get("window")
            self.log = _log(checkpoint.config.get("log"))

    @property
    def epochs(self):
        return list(self._files)

    def scores(self, epoch, codes, batch_size):
        """P(label = 1), float (n, tasks).

        Args:
            epoch: one of `epochs`.
            codes: integers (n, window).
            batch_size: windows at a time.
        """
        if self._files[epoch] is not None:
            find(self._files[epoch]).load_into(self._model)
        return np.asarray(self._model.predict(codes, batch_size=batch_size, verbose=0))

    def _open_run(self, folder):
        record = folder / "train.json"
        try:
            asked = json.loads(record.read_text(encoding="utf-8"))
            architecture, arguments = asked["architecture"], asked["arguments"]
            self.tasks, self.window = list(asked["tasks"]), arguments.get("window")
            self.trained = [True] * len(self.tasks)
            if architecture not in genome_keras.MODELS:
                raise ValueError(f"no model {architecture!r}")
            self._model = getattr(genome_keras, architecture)(**arguments)
            record = folder / "log.json"
            self.log = _log(json.loads(record.read_text())) if record.is_file() else []
        except OSError as error:
            raise FormatError(record, None, f"cannot read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FormatError(record, None, f"not that of a training run ({error!r})") from error
        kept = sorted((folder / "epochs").glob("[0-9]*.weights.h5"))
        self._files = {int(path.name.partition(".")[0]): path for path in kept}
        if not kept:
            self._files = {None: folder / "best.weights.h5"}


def _log(rows):
    """The rows of a log that are epochs; other logs say other things."""
    keys = ("epoch", "perplexity", "val_perplexity")
    return [
        {key: row[key] for key in keys}
        for row in rows or []
        if isinstance(row, dict) and all(key in row for key in keys)
    ]
