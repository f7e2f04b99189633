"""The fitting of a multi-task model: its optimizer, its epochs, its folder."""

import importlib.util
import math
import re
from pathlib import Path

import keras
from tqdm.keras import TqdmCallback

from genome_keras.errors import GenomeKerasError
from genome_keras.metrics import Perplexity
from genome_keras.training.interrupts import kept_interrupts
from genome_keras.training.parallel import adam, batches_of, loss_of, reads_alone
from genome_keras.training.run_folder import RunFolder
from genome_keras.weights.resolve import find

SCHEDULES = ("cosine", "constant")


def fit(
    model,
    train,
    valid,
    *,
    out,
    epochs=10,
    batch_size=256,
    learning_rate=2e-3,
    warmup=500,
    schedule="cosine",
    clip=1.0,
    reverse_complement=True,
    positive_weight=1.0,
    trained=False,
    trunk_rate=1.0,
    patience=None,
    keep_epochs=False,
    save_every=600,
    tensorboard=False,
    seed=0,
):
    """Trains a multi-task model; run it again after a kill and it goes on.

    The model is compiled anew: Adam, the masked cross-entropy and its perplexity. The
    learning rate rises over `warmup` steps; then it stays ("constant") or falls along a
    cosine to zero at the end of the last epoch. A model that was made within
    `genome_keras.training.parallel.parallel`, and is trained there, shares each batch
    among several devices.

    Args:
        model: a model with codes in and (batch, tasks) out.
        train, valid: each a `genome_keras.datasets.source.Source`.
        out: folder of the run, see `genome_keras.training.run_folder.RunFolder`.
        epochs: passes over the training examples, at most.
        batch_size: examples a step.
        learning_rate: the highest.
        warmup: steps until it is reached, at most a tenth of all.
        schedule: "cosine" or "constant".
        clip: norm to which longer gradients are cut; None cuts none.
        reverse_complement: train on a random strand of each window.
        positive_weight: weight of a label 1 in the loss: a number, one a task, or
            "balanced", (1 - rate) / rate for each task. With weights above 1 the scores
            are no longer estimates of P(label = 1), and the best epoch is that of the
            lowest validation loss, not perplexity.
        trained: the model goes on from trained weights; otherwise the biases of
            its last layer start at the positive rates of the training labels.
        trunk_rate: learning rate of all but the last layer, as a share of
            `learning_rate`; 0 freezes them. Between 0 and 1 it needs Keras 3.15.
        patience: end after this many epochs without a better one; None never does.
        keep_epochs: keep the weights of every epoch.
        save_every: seconds between two states within an epoch.
        tensorboard: also write events to `out/tensorboard`; needs TensorBoard.
        seed: of the order and the strands.

    Returns:
        The log: one dict for each epoch. The model ends with the best weights.

    Raises:
        ValueError: another value of an argument.
        FormatError: `out` holds the state of another model.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule must be one of {SCHEDULES}. Received: schedule={schedule!r}")
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    batches = batches_of(
        train, batch_size=batch_size, seed=seed, reverse_complement=reverse_complement
    )
    rates = train.positive_rates
    if positive_weight == "balanced":
        positive_weight = ((1 - rates) / rates).tolist()
    rate = _learning_rate(learning_rate, schedule, warmup, epochs * len(batches))
    model.compile(
        optimizer=_adam(model, rate, clip, trunk_rate),
        loss=loss_of(positive_weight),
        metrics=[Perplexity()],
        jit_compile=model.jit_compile,
    )
    run = RunFolder(
        folder,
        batches,
        # Other weights of the labels have another optimum, and its loss is the measure of it.
        monitor="val_perplexity" if positive_weight == 1 else "val_loss",
        keep_epochs=keep_epochs,
        patience=patience,
        save_every=save_every if reads_alone() else math.inf,
    )
    if not run.restore(model) and not trained and hasattr(model.layers[-1], "set_rates"):
        model.layers[-1].set_rates(rates)
    callbacks = [run, TqdmCallback(verbose=1, disable=None)]
    if tensorboard:
        callbacks.append(_tensorboard(folder))
    with kept_interrupts() as end:
        callbacks.append(end)
        while run.epoch < epochs and not run.finished:
            batches.start_epoch(run.epoch, run.batch)
            model.fit(
                batches,
                validation_data=batches_of(valid, batch_size=batch_size),
                initial_epoch=run.epoch,
                # The rest of an epoch that was begun is shorter than the others.
                epochs=run.epoch + 1 if run.batch else epochs,
                shuffle=False,
                callbacks=callbacks,
                verbose=0,
            )
    find(folder / "best.weights.h5").load_into(model)
    return run.log


def _tensorboard(folder):
    if importlib.util.find_spec("tensorboard") is None:
        raise GenomeKerasError("events need TensorBoard: pip install 'genome_keras[tensorboard]'")
    return keras.callbacks.TensorBoard(folder / "tensorboard")


def _learning_rate(highest, schedule, warmup, steps):
    warmup = min(warmup, steps // 10)
    if schedule == "constant" and not warmup:
        return highest
    return keras.optimizers.schedules.CosineDecay(
        highest / 100,
        max(1, steps - warmup),
        alpha=1.0 if schedule == "constant" else 0.0,
        warmup_target=highest,
        warmup_steps=max(1, warmup),
    )


def _adam(model, rate, clip, trunk_rate):
    """Adam, with a lower rate for all layers but the last where that is asked for."""
    if not 0 <= trunk_rate <= 1:
        raise ValueError(f"trunk_rate must be from 0 to 1. Received: trunk_rate={trunk_rate!r}")
    head = adam(rate, clip)
    if trunk_rate == 0:
        for layer in model.layers[:-1]:
            layer.trainable = False
    if trunk_rate in (0, 1):
        return head
    if not hasattr(keras.optimizers, "MultiOptimizer"):
        raise ValueError(
            f"trunk_rate between 0 and 1 needs Keras 3.15 (Python 3.11). Received: {trunk_rate}"
        )
    slower = rate * trunk_rate if isinstance(rate, float) else Scaled(rate, trunk_rate)
    trunk = adam(slower, clip)
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
    """

    def __init__(self, schedule, factor):
        self.schedule, self.factor = schedule, factor

    def __call__(self, step):
        return self.schedule(step) * self.factor

    def get_config(self):
        return {
            "schedule": keras.saving.serialize_keras_object(self.schedule),
            "factor": self.factor,
        }

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["factor"])
