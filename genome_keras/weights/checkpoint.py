"""The checkpoints: what there is, what describes them, and loading them into models.

A checkpoint is three files with one stem: `NAME.weights.h5`, `NAME.json` (how to
build the model, its tasks, a probe with its scores, held-out scores) and
`NAME.md` (the card). A published name never changes its bytes.
"""

import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from genome_keras.errors import WeightsError, printable
from genome_keras.io.atomic import atomic
from genome_keras.io.digest import sha256_of
from genome_keras.weights import description, file_checks
from genome_keras.weights.locations import beside
from genome_keras.weights.parameter_budget import at_most

# Arguments a caller may choose freely: no weight and no task depends on them.
_FREE = ("dropout", "learning_rate", "seed", "both_strands", "initializer", "output")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint, resolved: what describes it and where its files are.

    `genome_keras.weights.find` makes it once, and everything that takes the name of a
    checkpoint takes this value too: its commit and its description stay as they were
    found, and its bytes are hashed once. It can be pickled.

    Attributes:
        name: `architecture.data.vN`, or what the caller gave: a path, a folder, or
            `hf://owner/repo@commit/name`.
        config: what its description says; empty for bare weights.
        locate: gives the path of "weights", "json" or "card"; fetches what is not on
            this machine. Of a published checkpoint it checks the bytes of the first two.
        sha256: what the weights must hash to; None where nobody has published that.
        described_in: what to call the description in errors.
        graph_sha256: what the ONNX graph beside the weights must hash to; None where none
            was published.
        calibration_sha256: the same of the table of the calibration.

    Example:
        >>> from genome_keras.weights import find
        >>> checkpoint = find("kmer_logreg.human_chromatin.v1")
        >>> checkpoint.architecture, checkpoint.sizes["window"], len(checkpoint.tasks)
        ('kmer_logreg', 100, 192)
    """

    name: str
    config: dict
    locate: Callable[[str], Path]
    sha256: str | None = None
    described_in: str = "the description"
    graph_sha256: str | None = None
    calibration_sha256: str | None = None
    _sums: dict = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def path(self) -> Path:
        """The `.weights.h5` or `.keras` file on this machine."""
        path = self.locate("weights")
        if self.sha256 is not None:
            self._sums[_state(path)] = self.sha256
        return path

    @property
    def architecture(self) -> str | None:
        """Name of the factory; None for bare weights."""
        return self.config.get("architecture")

    @property
    def arguments(self) -> dict:
        """The factory's arguments."""
        return dict(self.config.get("arguments", {}))

    @property
    def sizes(self) -> dict:
        """The arguments that a caller may not contradict."""
        return {k: v for k, v in self.arguments.items() if k not in _FREE}

    @cached_property
    def tasks(self) -> list[str]:
        """Names of the tasks, in the order of the model's output."""
        return list(self.config.get("tasks", []))

    @cached_property
    def trained(self) -> list[bool]:
        """For each task whether it was trained; the others score a constant, the positive
        rate that was published for them."""
        untrained = set(self.config.get("untrained", []))
        return [task not in untrained for task in self.tasks]

    @property
    def card(self) -> str:
        """The text of the model card."""
        path = self.locate("card")
        if not path.is_file():
            raise WeightsError(f"{self.name}: no card at {path}")
        return description.read_text(path)

    def build(self, factory: Callable[..., Any], given: dict) -> Any:
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
                f"{self.described_in}: {factory.__name__} has no argument {min(foreign)!r:.60}"
            )
        arguments = {**self.arguments, **given, "weights": None}
        with self._checked() as (path, contents):
            if contents is None:
                model = factory(**arguments)
            else:
                model = self._built(factory, arguments, contents, given)
            self._load(path, model)
        return model

    def _built(self, factory, arguments, contents, given):
        """A model of a foreign description, of at most as many weights as the file holds."""
        asks = at_most(arrays=contents.arrays, numbers=contents.numbers, where=self.described_in)
        try:
            with asks:
                return factory(**arguments)
        except WeightsError:
            raise
        except Exception as error:  # frameworks raise many kinds for values out of range
            if isinstance(error, ValueError) and any(f"{name}=" in str(error) for name in given):
                raise  # what the caller gave, not what the description says
            raise WeightsError(
                f"{self.described_in}: cannot build {factory.__name__}: {_reason(error)}"
            ) from error

    def load_into(self, model: Any) -> None:
        """Loads the weights into a model of the same architecture and sizes.

        Raises:
            WeightsError: the file is missing, damaged, hostile, or does not fit.
        """
        with self._checked() as (path, _):
            self._load(path, model)

    @contextmanager
    def _checked(self):
        """The HDF5 file after all checks, and its `Contents` where nobody published it."""
        self.check_sha256()
        with file_checks.weights_inside(self.path) as path:
            yield path, None if self.sha256 else file_checks.check_h5(path, self.path)

    def _load(self, path, model):
        try:
            # The file of a training state also has an optimizer, which nobody asked for.
            _bare(model).load_weights(path)
        except Exception as error:  # Keras and h5py raise many kinds here
            raise WeightsError(
                f"{self.path}: not the weights of this {model.name} ({_reason(error)})"
            ) from error

    @contextmanager
    def arrays_file(self) -> Iterator[Path]:
        """The HDF5 file of the weights after the checks that come before loading them.

        Raises:
            WeightsError: the file is missing, damaged or hostile.
        """
        with self._checked() as (path, _):
            yield path

    def bytes_sha256(self) -> str:
        """The sha256 of the weights: as published, or else of the file as it is."""
        return self.sha256 or self._sha256_now()

    def check_sha256(self) -> None:
        """Raises WeightsError unless the weights are those published or described."""
        expected = self.sha256 or self.config.get("sha256")
        if expected is not None and (actual := self._sha256_now()) != expected:
            raise WeightsError(
                f"{self.path}: damaged, or not the weights its description is of (sha256 "
                f"{actual[:12]}…, described {expected!r:.14}…)"
            )

    def published_beside(self, suffix: str, sha256: str) -> Path:
        """The path of a file that was published with the weights, its bytes checked.

        Args:
            suffix: in place of that of the weights.
            sha256: what it must hash to.

        Raises:
            WeightsError: it is missing or damaged.
        """
        path = self.path.with_name(self.name + suffix)
        if not path.is_file():
            raise WeightsError(f"{path}: the file is missing")
        if (actual := sha256_of(path)) != sha256:
            told = f"sha256 {actual[:12]}…, published {sha256[:12]}…"
            raise WeightsError(f"{path}: damaged ({told})")
        return path

    def _sha256_now(self):
        """The sha256 of the file; it is read again only where the file has changed."""
        state = _state(self.path)
        if state not in self._sums:
            self._sums[state] = sha256_of(self.path)
        return self._sums[state]


def save_bare(model: Any, path: str | os.PathLike) -> None:
    """Saves the weights of a functional model without the state of its optimizer.

    Args:
        model: a `keras.Model`.
        path: ends in `.weights.h5`.

    Example:
        >>> import tempfile
        >>> from genome_keras import integer_logreg
        >>> model = integer_logreg(window=8, tasks=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.weights.h5")
        ...     save_bare(model, path)
        ...     print(file_checks.check_h5(path))
        Contents(arrays=2, numbers=9)
    """
    _bare(model).save_weights(path)


def save_described(
    model: Any, path: str | os.PathLike, *, tasks: Iterable[str], **more: Any
) -> None:
    """Saves a model of a factory as a checkpoint: the weights, and the `.json` beside them.

    Args:
        model: a `keras.Model` that a factory of this package made.
        path: ends in `.weights.h5`.
        tasks: names in the order of the model's output.
        more: other keys of the description.

    Raises:
        WeightsError: names that would be refused when they are read.
        GenomeKerasError: a file cannot be written.

    Example:
        >>> import tempfile
        >>> from genome_keras import integer_logreg
        >>> from genome_keras.weights import find
        >>> model = integer_logreg(window=8, tasks=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.weights.h5")
        ...     save_described(model, path, tasks=["A549|CTCF"])
        ...     print(find(path).architecture, find(path).tasks)
        integer_logreg ['A549|CTCF']
    """
    with atomic(path) as temporary:
        save_bare(model, temporary)
    description.write(beside(path)("json"), description.of_model(model, tasks=tasks, **more))


def _bare(model):
    """The same layers and weights without an optimizer."""
    return type(model)(model.inputs, model.outputs, name=model.name)


def _reason(error):
    """The first line of an error, which may quote what a stranger wrote."""
    lines = str(error).strip().splitlines()
    return printable(lines[0])[:300] if lines else type(error).__name__


def _state(path):
    """What changes whenever a file does."""
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
