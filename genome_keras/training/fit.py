"""The fitting of a multi-task model: its optimizer, its epochs, its folder."""

import importlib.util
import math
import os
import re
from pathlib import Path
from typing import Any

import keras

from genome_keras.datasets.source import Source
from genome_keras.datasets.splits import in_memory
from genome_keras.errors import GenomeKerasError
from genome_keras.metrics import Perplexity
from genome_keras.training.averaging import ValidatedAverages
from genome_keras.training.bar import ProgressBar
from genome_keras.training.head import fit_head, shift_odds
from genome_keras.training.interrupts import kept_interrupts
from genome_keras.training.parallel import adam, batches_of, loss_of, reads_alone, shares
from genome_keras.training.read import buffer_of
from genome_keras.training.recipe import BALANCED, Recipe, recipe_of
from genome_keras.training.run_folder import RunFolder
from genome_keras.weights.resolve import find
from genome_keras.weights.run_files import RunFiles

MEASURED = 16_384  # training examples on which the start of a run is measured


def fit(
    model: keras.Model,
    train: Source,
    valid: Source,
    *,
    out: str | os.PathLike,
    recipe: str | Recipe = "default",
    trained: bool = False,
    save_every: float = 600,
    tensorboard: bool = False,
    seed: int = 0,
) -> list[dict[str, float]]:
    """Trains a multi-task model; run it again after a kill and it goes on.

    The model is compiled anew: Adam, the masked cross-entropy and its perplexity. A model
    that was made within `genome_keras.training.parallel.parallel`, and is trained there,
    shares each batch among several devices.

    Args:
        model: a model with codes in and (batch, tasks) out.
        train, valid: what to learn from, and what to choose the best epoch by.
        out: folder of the run, see `genome_keras.training.run_folder.RunFolder`.
        recipe: how, or its name.
        trained: the model goes on from trained weights; otherwise its head is fitted first
            where the recipe says so, and else the biases of its last layer start at the
            positive rates of the training labels.
        save_every: seconds between two states within an epoch.
        tensorboard: also write events to `out/tensorboard`; needs TensorBoard.
        seed: of the order and the strands.

    Returns:
        The log: one dict for each epoch, and where the recipe fits the head one of epoch 0,
        the start. The model ends with the best weights.

    Raises:
        ValueError: another value of an argument.
        FormatError: `out` holds the state of another model.

    Example:
        >>> import numpy as np, tempfile
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> draw = np.random.default_rng(0)
        >>> codes = draw.integers(0, 4, (40, 12), np.uint8)
        >>> labels = draw.integers(0, 2, (40, 2), np.int8)
        >>> examples = Examples(codes, labels, np.array(["genome"] * 40), ["CTCF", "DNase"])
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=2)
        >>> recipe = Recipe(epochs=2, batch_size=20)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     log = fit(model, examples, examples, out=folder, recipe=recipe)
        >>> [row["epoch"] for row in log]
        [1, 2]
    """
    recipe = recipe_of(recipe)
    if train.window - 2 * recipe.shift != valid.window:
        raise ValueError(
            f"expected training examples of {valid.window + 2 * recipe.shift} bp, the window and "
            f"room for shift={recipe.shift}. Received: {train.window} bp"
        )
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    batches = batches_of(
        train,
        batch_size=recipe.batch_size,
        seed=seed,
        reverse_complement=recipe.reverse_complement,
        shift=recipe.shift,
        buffer=buffer_of(train),
    )
    rates, positive_weight = train.positive_rates, recipe.positive_weight
    if positive_weight == BALANCED:
        positive_weight = ((1 - rates) / rates).tolist()
    elif isinstance(positive_weight, tuple):
        positive_weight = list(positive_weight)
    model.compile(
        optimizer=_adam(model, recipe, recipe.epochs * len(batches)),
        loss=loss_of(positive_weight),
        metrics=[Perplexity()],
        jit_compile=model.jit_compile,
    )
    run = RunFolder(
        folder,
        batches,
        # Other weights of the labels have another optimum, and its loss is the measure of it.
        monitor="val_perplexity" if positive_weight == 1 else "val_loss",
        keep_epochs=recipe.keep_epochs,
        patience=recipe.patience,
        save_every=save_every if reads_alone() else math.inf,
    )
    held_out = batches_of(valid, batch_size=recipe.batch_size)
    if not run.restore(model):
        if not trained:
            _start_head(model, train, valid, recipe, positive_weight)
        if recipe.fit_head:
            part = in_memory(train, MEASURED)
            run.begin(
                model, batches_of(part, batch_size=recipe.batch_size, window=valid.window), held_out
            )
    callbacks = [run, ValidatedAverages()]
    if tensorboard:
        callbacks.append(_tensorboard(folder))
    with kept_interrupts() as end, ProgressBar(run, recipe.epochs) as bar:
        callbacks += [bar, end]
        while run.epoch < recipe.epochs and not run.finished:
            batches.start_epoch(run.epoch, run.batch)
            model.fit(
                batches,
                validation_data=held_out,
                initial_epoch=run.epoch,
                # The rest of an epoch that was begun is shorter than the others.
                epochs=run.epoch + 1 if run.batch else recipe.epochs,
                shuffle=False,
                callbacks=callbacks,
                verbose=0,
            )
    find(RunFiles(folder).best).load_into(model)
    return run.log


def _start_head(model, train, valid, recipe, positive_weight):
    """An untrained head begins at the positive rates, or where it fits best."""
    if recipe.fit_head:
        if shares()[2] > 1:
            raise ValueError("fit_head needs one process. Received: several; fit_head=False")
        fit_head(model, train, valid)
        shift_odds(model, positive_weight)
    elif hasattr(model.layers[-1], "set_rates"):
        model.layers[-1].set_rates(train.positive_rates)


def _tensorboard(folder):
    if importlib.util.find_spec("tensorboard") is None:
        raise GenomeKerasError("events need TensorBoard: pip install 'genome_keras[tensorboard]'")
    return keras.callbacks.TensorBoard(folder / "tensorboard")


def _learning_rate(recipe, steps):
    warmup = min(recipe.warmup, steps // 10)
    constant = recipe.schedule == "constant"
    if constant and not warmup:
        return recipe.learning_rate
    return keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 100,
        max(1, steps - warmup),
        alpha=1.0 if constant else 0.0,
        warmup_target=recipe.learning_rate,
        warmup_steps=max(1, warmup),
    )


def _adam(model, recipe, steps):
    """Adam, with a lower rate for all layers but the last where that is asked for."""
    rate, slower = _learning_rate(recipe, steps), recipe.trunk_rate
    head = adam(rate, recipe.clip, recipe.ema)
    if slower == 0:
        for layer in model.layers[:-1]:
            layer.trainable = False
    if slower in (0, 1):
        return head
    if not hasattr(keras.optimizers, "MultiOptimizer"):
        raise ValueError(
            f"trunk_rate between 0 and 1 needs Keras 3.15 (Python 3.11). Received: {slower}"
        )
    number = isinstance(rate, int | float)
    trunk = adam(rate * slower if number else Scaled(rate, slower), recipe.clip, recipe.ema)
    name = re.escape(model.layers[-1].name)
    return keras.optimizers.MultiOptimizer(
        keras.optimizers.OptimizerMap(trunk, {f"{name}/.*": head})
    )


@keras.saving.register_keras_serializable("genome_keras")
class Scaled(keras.optimizers.schedules.LearningRateSchedule):
    """Another schedule times a number.

    Args:
        schedule: a `LearningRateSchedule`.
        factor: the number.

    Example:
        >>> rate = Scaled(keras.optimizers.schedules.CosineDecay(0.1, 100), 0.5)
        >>> round(float(rate(0)), 3), round(float(rate(100)), 3)
        (0.05, 0.0)
    """

    def __init__(
        self, schedule: keras.optimizers.schedules.LearningRateSchedule, factor: float
    ) -> None:
        self.schedule, self.factor = schedule, factor

    def __call__(self, step: Any) -> Any:
        return self.schedule(step) * self.factor

    def get_config(self) -> dict[str, Any]:
        return {
            "schedule": keras.saving.serialize_keras_object(self.schedule),
            "factor": self.factor,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Scaled":
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["factor"])
