"""What all factories share: arguments of a checkpoint, compiling, loading."""

import functools
import inspect
import itertools

import keras

from genome_keras import weights as checkpoints
from genome_keras.losses import MaskedCrossEntropy
from genome_keras.metrics import Perplexity


def factory(build):
    """Turns a function that builds a network into a public factory.

    The function's arguments are the factory's, and `weights` is one of them.
    With `weights` the sizes come from the checkpoint; an argument that
    contradicts it is an error.

    Raises:
        TypeError: an unknown argument.
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
        if given.get("weights") is None:
            return build(**given)
        checkpoint = checkpoints.find(given["weights"], architecture=build.__name__)
        for name, value in checkpoint.sizes.items():
            if name in given and _plain(given[name]) != _plain(value):
                raise ValueError(
                    f"{name}={given[name]!r} contradicts checkpoint {checkpoint.name}, "
                    f"which has {name}={value!r}. Leave {name} out."
                )
        model = build(**{**checkpoint.arguments, **given, "weights": None})
        checkpoint.load_into(model)
        return model

    return make


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


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
    there for them.
    """
    slow = recurrent and keras.backend.backend() == "tensorflow"
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate, global_clipnorm=clip),
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
        return None if self._numbers is None else next(self._numbers)


def at_least_one(**sizes):
    """Raises ValueError for a size that is not an integer of at least 1."""
    for name, value in sizes.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} must be an integer of at least 1. Received: {name}={value!r}")


def one_of(*, accepted, **choice):
    """Raises ValueError for a word that is not among `accepted`."""
    for name, value in choice.items():
        if value not in accepted:
            words = ", ".join(map(repr, accepted))
            raise ValueError(f"{name} must be one of {words}. Received: {name}={value!r}")
