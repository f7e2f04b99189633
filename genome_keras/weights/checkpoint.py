"""The checkpoints: what there is, what describes them, and loading them into models.

A checkpoint is three files with one stem: `NAME.weights.h5`, `NAME.json` (how to
build the model, its tasks, a probe with its scores, held-out scores) and
`NAME.md` (the card). A published name never changes its bytes.
"""

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from genome_keras.errors import WeightsError
from genome_keras.io.digest import sha256_of
from genome_keras.weights import description_checks, file_checks

# Arguments a caller may choose freely: no weight and no task depends on them.
_FREE = ("dropout", "learning_rate", "seed", "both_strands", "initializer")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint and where its files are.

    Attributes:
        name: `architecture.data.vN`, or what the caller gave: a path, a folder, or
            `hf://owner/repo@commit/name`.
        config: what its description says; empty for bare weights.
        locate: gives the path of "weights", "json" or "card"; fetches what is not on
            this machine.
        sha256: what the weights must hash to; None where nobody has published that.
    """

    name: str
    config: dict
    locate: Callable[[str], Path]
    sha256: str | None = None

    @cached_property
    def path(self):
        """The `.weights.h5` or `.keras` file on this machine."""
        return self.locate("weights")

    @property
    def arguments(self):
        """The factory's arguments."""
        return dict(self.config.get("arguments", {}))

    @property
    def sizes(self):
        """The arguments that a caller may not contradict."""
        return {k: v for k, v in self.arguments.items() if k not in _FREE}

    @cached_property
    def tasks(self):
        """Names of the tasks, in the order of the model's output."""
        return list(self.config.get("tasks", []))

    @cached_property
    def trained(self):
        """For each task whether it was trained; the others score a constant, the positive
        rate that was published for them."""
        untrained = set(self.config.get("untrained", []))
        return [task not in untrained for task in self.tasks]

    @property
    def card(self):
        """The text of the model card."""
        path = self.locate("card")
        if not path.is_file():
            raise WeightsError(f"{self.name}: no card at {path}")
        return description_checks.read_text(path)

    def build(self, factory, given):
        """Builds a model with the checkpoint's arguments and loads the weights.

        A file nobody has published may not make the factory ask for more weights than
        it holds.

        Args:
            factory: a function of a model, without the handling of `weights`.
            given: arguments of the caller, which come before the checkpoint's.

        Raises:
            WeightsError: the description does not fit the factory, or the weights do
                not fit the model.
        """
        known = set(inspect.signature(factory).parameters) - {"weights"}
        if foreign := set(self.arguments) - known:
            raise WeightsError(
                f"{self.name}: {factory.__name__} has no argument {min(foreign)!r:.60}"
            )
        arguments = {**self.arguments, **given, "weights": None}
        if self.sha256 is not None:
            model = factory(**arguments)
        else:
            with self._opened() as path:
                contents = file_checks.check_h5(path, self.path)
            try:
                with description_checks.at_most(contents, self.name):
                    model = factory(**arguments)
            except (TypeError, OverflowError) as error:
                reason = str(error).strip().splitlines()[0]
                raise WeightsError(f"{self.name}: cannot build the model: {reason}") from error
        self.load_into(model)
        return model

    def load_into(self, model):
        """Loads the weights into a model of the same architecture and sizes.

        Raises:
            WeightsError: the file is missing, damaged, hostile, or does not fit.
        """
        self.check_sha256()
        with self._opened() as path:
            if self.sha256 is None:
                file_checks.check_h5(path, self.path)
            try:
                with warnings.catch_warnings():
                    # The file of a training state also has an optimizer.
                    warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
                    model.load_weights(path)
            except Exception as error:  # Keras and h5py raise many kinds here
                reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error)
                raise WeightsError(
                    f"{self.path}: not the weights of this {model.name} ({reason})"
                ) from error

    def bytes_sha256(self):
        """The sha256 of the weights: as published, or else of the file as it is."""
        return self.sha256 or sha256_of(self.path)

    def check_sha256(self):
        """Raises WeightsError unless the weights are those published or described."""
        if self.sha256 is not None:
            _check(self.path, self.sha256)
        elif (described := self.config.get("sha256")) is not None:
            found = sha256_of(self.path)
            if found != described:
                raise WeightsError(
                    f"{self.path}: damaged, or not the weights its description is of (sha256 "
                    f"{found[:12]}…, described {described!r:.14}…)"
                )

    def _opened(self):
        return file_checks.weights_inside(self.path)


def save_bare(model, path):
    """Saves the weights of a functional model without the state of its optimizer.

    Args:
        model: a `keras.Model`.
        path: ends in `.weights.h5`.
    """
    type(model)(model.inputs, model.outputs, name=model.name).save_weights(path)


def _check(path, sha256):
    found = sha256_of(path)
    if found != sha256:
        raise WeightsError(
            f"{path}: damaged (sha256 {found[:12]}…, published {sha256[:12]}…); "
            "install genome_keras again"
        )
