"""What all factories share: arguments of a checkpoint, compiling, loading."""

import functools
import inspect
import itertools
import logging
import os
from collections.abc import Callable, Sequence
from typing import ParamSpec

import keras

from genome_keras.arguments import at_least_one, one_of
from genome_keras.layers.channels_last import Conv1D
from genome_keras.layers.fused_adam import FusedAdam
from genome_keras.layers.sequence_model import SequenceModel
from genome_keras.layers.strands import MergeStrands, StackStrands, merged_scores
from genome_keras.losses import MaskedCrossEntropy
from genome_keras.metrics import Perplexity
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.description import made_by
from genome_keras.weights.resolve import find

_LARGEST_SEED = 2**31 - 1  # torch keeps the seeds of dropout as int32
# Arguments that only say where training starts: a trained model does not need them.
_STARTING = ("motifs", "words", "weights", "trunk_trainable")

Arguments = ParamSpec("Arguments")
Weights = str | os.PathLike | Checkpoint | None  # what a factory takes as `weights`
Tasks = int | Sequence[str]  # what it takes as `tasks`: their number, or their names

_log = logging.getLogger(__name__)


def factory(build: Callable[Arguments, keras.Model]) -> Callable[Arguments, SequenceModel]:
    """Turns a function that builds a network into a public factory.

    The function's arguments are the factory's, and `weights` is one of them.
    With `weights` the sizes come from the checkpoint; an argument that
    contradicts it is an error. It is a `genome_keras.weights.Checkpoint`, or the
    name, path or address of one. Other `tasks` than the checkpoint's put a new head on
    its trunk, which is logged. `tasks` that are names hang on the model; the function
    itself gets their number.

    Raises:
        TypeError: an unknown argument, or `weights` that are none of the above.
        ValueError: an argument that contradicts the checkpoint.
        WeightsError: an unknown, missing or damaged checkpoint.
    """
    known = inspect.signature(build).parameters

    @functools.wraps(build)
    def make(**given):
        for name in given:
            if name not in known:
                raise TypeError(
                    f"{build.__name__}() has no argument {name!r}. Accepted: {', '.join(known)}."
                )
        names = _named_tasks(given)
        if given.get("weights") is None:
            model = _remembering(build(**given), build, given)
        else:
            model = _of_checkpoint(build, given, names)
        if names is not None:
            model.tasks = names
        if not given.get("trunk_trainable", True):
            freeze_trunk(model)
        return model

    return make


def _named_tasks(given):
    """The names among the arguments, which then hold their number; None where a number is."""
    names = given.get("tasks")
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return None
    given["tasks"] = len(names)
    return list(names)


def _of_checkpoint(build, given, names):
    """The model of a checkpoint, with a new head where other tasks are asked for."""
    checkpoint = find(given["weights"], architecture=build.__name__)
    sizes = checkpoint.sizes
    other = names is not None and checkpoint.tasks not in ([], names)
    other = other or ("tasks" in given and sizes.get("tasks", given["tasks"]) != given["tasks"])
    for name, value in sizes.items():
        if name in given and name != "tasks" and _plain(given[name]) != _plain(value):
            raise ValueError(
                f"{name}={given[name]!r} contradicts checkpoint {checkpoint.name}, "
                f"which has {name}={value!r}. Leave {name} out."
            )
    arguments = {**checkpoint.arguments, **given}
    if not other:
        model = _remembering(checkpoint.build(build, given), build, arguments, checkpoint.tasks)
        model.checkpoint = checkpoint
        return model
    trunk = checkpoint.build(build, {**given, "tasks": sizes["tasks"]})
    model = build(**{**arguments, "weights": None})
    take_over(trunk, model)
    count, before = given["tasks"], len(checkpoint.tasks) or sizes["tasks"]
    told = "task" if count == 1 else "tasks"
    _log.warning("%s: a new head of %d %s in place of its %d", checkpoint.name, count, told, before)
    return _remembering(model, build, arguments)


def take_over(trained: SequenceModel, model: SequenceModel) -> None:
    """Gives a model the weights of another of the same layers, but for the head's.

    Raises:
        ValueError: a model without one head for all tasks, or of other layers or sizes.
    """
    head = trained.head
    for old, new in zip(trained.layers, model.layers, strict=True):
        if old is not head and old.weights:
            new.set_weights(old.get_weights())


def freeze_trunk(model: SequenceModel) -> None:
    """Keeps all layers but the head as they are in training.

    Raises:
        ValueError: a model without one head for all tasks.
    """
    for layer in model.layers:
        if layer is not model.head:
            layer.trainable = False


def _remembering(model, build, given, tasks=()):
    """The model with how it was made: `genome_keras.save_pretrained` writes it down."""
    arguments = {p.name: p.default for p in inspect.signature(build).parameters.values()} | given
    plain = {name: _plain(value) for name, value in arguments.items() if name not in _STARTING}
    model.made_with = made_by(build.__name__, plain, tasks)
    return model


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


def codes_in(window, *, both_strands=False):
    """The input of a multi-task model, and the codes its first layer reads.

    Args:
        window: length in bp; None accepts any.
        both_strands: the batch is followed by its reverse complements.

    Returns:
        `keras.Input` (batch, window), and codes (batch or 2 batch, window).
    """
    codes = keras.Input((window,), dtype="uint8", name="codes")
    return codes, StackStrands(name="stack_strands")(codes) if both_strands else codes


def read_out(states, readout, name):
    """What a head sees of the states of a stack.

    Args:
        states: float (batch, steps, units), or (batch, units) where `readout` is "last".
        readout: "last", or the "max" or "mean" over the steps.
        name: of the layer.

    Returns:
        float (batch, units).
    """
    if readout == "last":
        return states
    pooling = {"max": keras.layers.GlobalMaxPooling1D, "mean": keras.layers.GlobalAveragePooling1D}
    return pooling[readout](data_format="channels_last", name=name)(states)


def side_by_side(parts, name):
    """Features of several parts as those of one; a single part as it is."""
    return keras.layers.Concatenate(name=name)(parts) if len(parts) > 1 else parts[0]


def scores_out(
    name,
    codes,
    features,
    head,
    *,
    learning_rate,
    both_strands=False,
    merge="mean",
    recurrent=False,
):
    """Puts the head on, merges the strands where both were read, and compiles.

    Args:
        name: of the model.
        codes: the model's input.
        features: what the head reads.
        head: last layer with weights.
        learning_rate, recurrent: as in `compiled`.
        both_strands: `features` are those of both strands.
        merge: as in `genome_keras.layers.strands.strand_symmetric`.

    Returns:
        A compiled `keras.Model`.
    """
    if both_strands and merge == "mean":
        features = MergeStrands(name="merge_strands")(features)
    scores = head(features)
    if both_strands and merge != "mean":
        scores = merged_scores(scores, merge)
    model = SequenceModel(codes, scores, name=name)
    return compiled(model, learning_rate=learning_rate, recurrent=recurrent)


def compiled(model, *, learning_rate, recurrent=False):
    """Compiles a multi-task classifier with the package's masked loss and metric."""
    return finish(
        model,
        loss=MaskedCrossEntropy(),
        metric=Perplexity(),
        learning_rate=learning_rate,
        clip=1.0,
        recurrent=recurrent,
    )


def finish(model, *, loss, metric, learning_rate, clip, recurrent=False):
    """Compiles with Adam and the gradient's norm clipped.

    XLA on TensorFlow makes recurrent layers several times slower, so it is off
    there for them. On CPUs Keras has it off for all.
    """
    slow = recurrent and keras.backend.backend() == "tensorflow"
    model.compile(
        optimizer=FusedAdam(learning_rate, global_clipnorm=clip),
        loss=loss,
        metrics=[metric],
        jit_compile=False if slow else "auto",
    )
    return model


class Seeds:
    """A different seed at each call, all fixed by one; None stays None."""

    def __init__(self, seed):
        self._numbers = None if seed is None else itertools.count(seed * 1000)

    def __call__(self):
        return None if self._numbers is None else next(self._numbers) % _LARGEST_SEED


def positions_left(window, *, widths, pools, padding="valid"):
    """Positions after convolutions and max-pooling, layer by layer.

    Args:
        window: length of the input in bp.
        widths, pools: of the filters and of the pooling after them, one a layer.
        padding: "valid", or "same" where the convolutions keep the length.

    Raises:
        ValueError: a window that is too short, or None.
    """
    at_least_one(window=window)
    one_of(padding=padding, accepted=("valid", "same"))
    lost = [width - 1 if padding == "valid" else 0 for width in widths]
    left, shortest = window, 1
    for less, pool in zip(lost, pools, strict=True):
        left = max(0, left - less) // pool
    for less, pool in zip(reversed(lost), reversed(pools), strict=True):
        shortest = shortest * pool + less
    if not left:
        advice = " or padding='same'" if padding == "valid" else ""
        raise ValueError(
            f"window must be at least {shortest} for these filters{advice}. "
            f"Received: window={window}"
        )
    return left


def convolved(x, filters, width, name, seeds, **more):
    """A convolution along the window, channels last."""
    initial = keras.initializers.GlorotUniform(seed=seeds())
    how = {"data_format": "channels_last", "kernel_initializer": initial, **more}
    return Conv1D(filters, width, name=name, **how)(x)


def dense(x, units, name, seeds, **more):
    """A dense layer."""
    initial = keras.initializers.GlorotUniform(seed=seeds())
    return keras.layers.Dense(units, kernel_initializer=initial, name=name, **more)(x)
