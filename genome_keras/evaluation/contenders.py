"""What can be scored: a model of any kind, or a training run with one or all of its epochs."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from genome_keras.errors import WeightsError
from genome_keras.scoring.model_in_use import ModelInUse, model_in_use
from genome_keras.scoring.scorer import Scorer
from genome_keras.weights.resolve import find
from genome_keras.weights.run_files import RunFiles, is_run


class Contender:
    """A model to score, once for each of its epochs.

    Args:
        name: that it goes by.
        use: the model, as verbs use it.
        files: number of an epoch, 1-based -> path of its weights; None is the one model
            there is.
        log: rows with `epoch`, `perplexity` and `val_perplexity`, of the training; empty
            where it is not known.

    Attributes:
        tasks: names, in the order of the output.
        trained: for each task whether it was, as in `genome_keras.weights.Checkpoint`.
        window: bp; None takes any.
        name, log: as the arguments.
        checkpoint: that the model was loaded from, or None.

    Raises:
        WeightsError: a model that gives no tasks.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=2)
        >>> contender = Contender("small", model_in_use(model))
        >>> contender.epochs, contender.scores(None, np.zeros((3, 12), np.uint8)).shape
        ([None], (3, 2))
    """

    def __init__(
        self,
        name: str,
        use: ModelInUse,
        *,
        files: Mapping[int, Path] | None = None,
        log: Iterable[dict] = (),
    ) -> None:
        if use.is_language_model:
            raise WeightsError(f"{name}: expected a model of tasks, got a language model")
        self.name, self.log, self._use, self._files = name, list(log), use, files or {None: None}
        self.tasks, self.trained, self.window = list(use.tasks), list(use.trained), use.window
        self.checkpoint = use.checkpoint

    @property
    def epochs(self) -> list[int | None]:
        """Numbers of the epochs there are; [None] is the one model there is."""
        return list(self._files)

    def scores(self, epoch: int | None, codes: np.ndarray) -> np.ndarray:
        """P(label = 1), float (n, tasks).

        Args:
            epoch: one of `epochs`.
            codes: uint8 (n, window).
        """
        if self._files[epoch] is not None:
            find(self._files[epoch]).load_into(self._use.scorer.model)
        return self._use.scorer.scores(codes)


def contenders(
    models: object,
    *,
    tasks: Iterable[str] | None = None,
    batch_size: int = 512,
    engine: str = "auto",
) -> list[Contender]:
    """What is to be scored, with a name of its own each.

    Args:
        models: one, a list, or a dict of name -> one: the name or path of a checkpoint, a
            `Checkpoint`, a `keras.Model`, a `Scorer`, the folder of a training run; or a
            `Contender`.
        tasks: names for the models whose tasks have none, in the order of their output.
        batch_size: windows at a time.
        engine: of checkpoints, as in `genome_keras.predict`; the epochs of a run are Keras's.

    Raises:
        FormatError: a run whose log cannot be read.
        WeightsError: no such checkpoint.
        ValueError: something else, two of one name, or "onnx" for what is Keras's.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=2)
        >>> opened = contenders({"mine": model, "published": "kmer_logreg.human_chromatin.v1"})
        >>> [(contender.name, contender.window) for contender in opened]
        [('mine', 12), ('published', 100)]
    """
    if isinstance(models, Mapping):
        pairs = list(models.items())
    else:
        given = models if isinstance(models, list | tuple) else [models]
        pairs = [(None, model) for model in given]
    opened = [_contender(model, name, tasks, batch_size, engine) for name, model in pairs]
    names = [contender.name for contender in opened]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(
            f"two models are called {twice[0]!r}: give a dict of names and models, or a list of "
            "different ones"
        )
    return opened


def _contender(given, name, tasks, batch_size, engine):
    if isinstance(given, Contender):
        return given
    files, log, is_path = {}, [], isinstance(given, str | os.PathLike)
    if is_path and is_run(given):
        run = RunFiles(given)
        log, files = _epochs_in(run.read_log()), run.kept_epochs()
    size = None if isinstance(given, Scorer | ModelInUse) else batch_size  # they have their own
    if files:  # the weights of other epochs go into a model of Keras
        if engine == "onnx":
            raise ValueError(f"{given}: the epochs of a run are Keras's. Received: engine='onnx'")
        engine = "keras"
    use = model_in_use(given, batch_size=size, engine=engine)
    if use.checkpoint is not None and not log:
        log = _epochs_in(use.checkpoint.config.get("log"))
    contender = Contender(
        name or (os.fspath(given) if is_path else use.name), use, files=files, log=log
    )
    numbered = [f"task_{task}" for task in range(len(contender.tasks))]
    if (
        tasks is not None
        and contender.tasks == numbered
        and len(names := list(tasks)) == len(numbered)
    ):
        contender.tasks = names
    return contender


def _epochs_in(rows):
    """The rows of a log that are epochs; other logs say other things."""
    keys = ("epoch", "perplexity", "val_perplexity")
    return [
        {key: row[key] for key in keys}
        for row in rows or []
        if isinstance(row, dict) and all(key in row for key in keys)
    ]
