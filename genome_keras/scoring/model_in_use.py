"""The door of all verbs: what is given as a model becomes one value, resolved once."""

import hashlib
import inspect
import json
import os
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import genome_keras
from genome_keras.arguments import at_least_one, one_of
from genome_keras.errors import WeightsError
from genome_keras.scoring import ENGINES
from genome_keras.scoring.effects import LIKELIHOOD
from genome_keras.scoring.engines import model_without_keras
from genome_keras.scoring.load import build, described
from genome_keras.scoring.scorer import Scorer
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.resolve import default_for, find
from genome_keras.weights.task_choice import chosen_tasks

if TYPE_CHECKING:
    import keras

BATCH_SIZE, BATCH_BASES = 256, 64_000  # at most: more takes memory and saves no time
SIGNAL_BATCH_SIZE, SIGNAL_BATCH_BASES = 4, 65_536  # windows of measured signal are long


class ModelInUse:
    """A model as a verb uses it: described at once, loaded when it is first needed.

    Args:
        name: of the checkpoint, with its commit, or of the model.
        tasks: names of all columns of its scores.
        trained: for each whether it was trained.
        window: bp that it takes; None is any.
        load: gives its `Scorer`.
        batch_size: windows at a time.
        checkpoint: a `genome_keras.weights.Checkpoint`, or None of a model that was given.
        gives_probabilities: whether its scores have log-odds.

    Attributes: as the arguments.

    Example:
        >>> use = model_in_use("kmer_logreg.human_chromatin.v1")  # no framework is loaded yet
        >>> use.window, len(use.tasks), use.is_language_model
        (100, 192, False)
    """

    def __init__(
        self,
        name: str,
        tasks: list[str],
        trained: list[bool],
        window: int | None,
        load: Callable[[], Scorer],
        *,
        batch_size: int = BATCH_SIZE,
        checkpoint: Checkpoint | None = None,
        gives_probabilities: bool = True,
    ) -> None:
        self.name, self.tasks, self.trained, self.window = name, tasks, trained, window
        self.batch_size, self.checkpoint, self._load = batch_size, checkpoint, load
        self.gives_probabilities = gives_probabilities

    @cached_property
    def scorer(self) -> Scorer:
        """The `genome_keras.scoring.scorer.Scorer`; a framework and the weights are loaded."""
        return self._load()

    @property
    def engine(self) -> str:
        """What computes: "keras", "onnx" or "numpy"; it is loaded for the answer."""
        return getattr(self.scorer.model, "engine", "keras")

    @property
    def is_language_model(self) -> bool:
        """Whether its score is the log-likelihood of a window."""
        return self.tasks == [LIKELIHOOD]

    def columns(
        self, tasks: Iterable[str] | str | None = None, *, all_tasks: bool = False
    ) -> tuple[slice | list[int], list[str]]:
        """Columns of the scores, and their names.

        Args:
            tasks: as in `genome_keras.weights.task_choice.chosen_tasks`; None is all that
                were trained.
            all_tasks: of None, of patterns and of fields, also those that were not.

        Raises:
            ValueError: a choice that means no task of the model.
        """
        pairs = zip(self.tasks, self.trained, strict=True)
        names = [task for task, trained in pairs if trained or all_tasks]
        if tasks is not None:
            names = chosen_tasks(self.tasks, tasks, where=self.name, among=names)
        if names == self.tasks:
            return slice(None), names
        number = {task: i for i, task in enumerate(self.tasks)}
        return [number[task] for task in names], names

    def window_of(self, window: int | None = None) -> int:
        """The window to use, bp: the model's, or the given one where the model takes any.

        Raises:
            ValueError: neither, or two that differ.
        """
        if self.window is None and window is None:
            raise ValueError(f"{self.name} takes windows of any length: window must say how long")
        if None not in (self.window, window) and window != self.window:
            raise ValueError(
                f"{self.name} takes windows of {self.window} bp. Received: window={window}"
            )
        return self.window or window

    def window_of_tasks(self) -> int:
        """The window of a model of tasks that takes one length, bp.

        Raises:
            WeightsError: another model.
        """
        if self.is_language_model or self.window is None:
            raise WeightsError(f"{self.name}: not a multi-task model of a fixed window")
        return self.window

    def digest(self) -> str:
        """What tells the model from others: of its weights and arguments, or its network."""
        if self.checkpoint is not None:
            given = sorted(self.checkpoint.arguments.items())
            return repr((self.checkpoint.bytes_sha256(), given))
        model = self.scorer.model
        network = json.dumps(_lasting(json.loads(model.to_json())), sort_keys=True)
        digest = hashlib.sha256(network.encode())
        for weight in model.get_weights():
            digest.update(repr((weight.shape, weight.dtype)).encode())
            digest.update(weight.tobytes())
        return repr((digest.hexdigest(), self.scorer.both_strands))


def _lasting(config):
    """What describes a network, without how it is trained and what each process names anew."""
    if isinstance(config, dict):
        left_out = ("compile_config", "shared_object_id")
        return {name: _lasting(value) for name, value in config.items() if name not in left_out}
    return [_lasting(value) for value in config] if isinstance(config, list) else config


def model_in_use(
    weights: object = None,
    *,
    both_strands: bool | None = None,
    batch_size: int | None = None,
    engine: str = "keras",
    sums: bool = False,
    bins: int | None = None,
) -> ModelInUse:
    """The one value that verbs work with, whatever they were given.

    A name is resolved here and nowhere after: the description and the weights are of the
    same commit. No framework is loaded for it.

    Args:
        weights: the name of a checkpoint, as in `genome_keras.load_model`; a
            `genome_keras.weights.Checkpoint`; a `keras.Model` that takes codes; or a
            `genome_keras.scoring.scorer.Scorer`. A `ModelInUse` stays as it is. None is the
            default for places of a genome.
        both_strands: average over both strands; None does what the checkpoint or the
            scorer does.
        batch_size: windows at a time; None is 256 (64 of 1000 bp), or what the scorer has.
        engine: of a checkpoint, "keras", "onnx" or "auto", as in
            `genome_keras.scoring.engines.model_without_keras`. A model in memory is Keras's.
        sums: whether a model of measured signal will do, by the logarithms of its sums, as
            `genome_keras.layers.summed_signal.summed_signal` tells; 4 windows at a time, long
            ones alone.
        bins: of such a model, how many of the middle are summed; None is all.

    Raises:
        WeightsError: a checkpoint that cannot be used.
        ValueError: something else, a model of another output, or an argument that
            contradicts the scorer.

    Example:
        >>> use = model_in_use(genome_keras.kmer_logreg(k=(1, 2), window=12, tasks=3))
        >>> use.tasks, use.window
        (['task_0', 'task_1', 'task_2'], 12)
    """
    if batch_size is not None:
        at_least_one(batch_size=batch_size)
    one_of(engine=engine, accepted=ENGINES)
    if weights is None:
        weights = default_for()
    if isinstance(weights, str | os.PathLike):
        weights = find(weights)
    if sums and gives_signal(weights):
        return _of_signal(weights, both_strands, batch_size, engine, bins)
    if bins is not None:
        raise ValueError(f"bins are of models of measured signal. Received: bins={bins}")
    if isinstance(weights, Checkpoint):
        return _of_checkpoint(described(weights), both_strands, batch_size, engine)
    if isinstance(weights, ModelInUse):
        return weights
    if isinstance(weights, Scorer):
        scorer, given = weights, {"both_strands": both_strands, "batch_size": batch_size}
        for argument, value in given.items():
            if value not in (None, getattr(scorer, argument)):
                raise ValueError(
                    f"{argument} is that of the scorer, {getattr(scorer, argument)}. "
                    f"Received: {argument}={value}"
                )
    elif hasattr(weights, "predict_on_batch"):
        sizes = {"batch_size": batch_size or BATCH_SIZE}
        scorer = Scorer(weights, both_strands=bool(both_strands), **sizes)
    else:
        raise ValueError(
            "expected the name of a checkpoint, a Checkpoint, a keras.Model or a Scorer. "
            f"Received: {type(weights).__name__}"
        )
    if engine == "onnx":
        raise ValueError(
            "engine 'onnx' needs a checkpoint, which `save_pretrained` makes. "
            f"Received: {scorer.model.name}"
        )
    trained = [True] * len(scorer.tasks)
    return ModelInUse(
        scorer.model.name,
        scorer.tasks,
        trained,
        scorer.window,
        lambda: scorer,
        batch_size=scorer.batch_size,
        gives_probabilities=scorer.gives_probabilities,
    )


def open_scorer(
    weights: object = None,
    *,
    both_strands: bool | None = None,
    batch_size: int | None = None,
    sums: bool = False,
) -> Scorer:
    """The scorer of a model: what variants, mutagenesis and attributions ask.

    Args: as `model_in_use`.

    Raises:
        WeightsError, ValueError: as `model_in_use`.

    Example:
        >>> scorer = open_scorer("kmer_logreg.human_chromatin.v1")
        >>> scorer.scores(genome_keras.tokens(["ACGT" * 25])).shape
        (1, 192)
    """
    given = {"both_strands": both_strands, "batch_size": batch_size, "sums": sums}
    return model_in_use(weights, **given).scorer


def keras_model_of(model: object) -> "keras.Model":
    """The bare `keras.Model` of what a function of layers was given.

    Args:
        model: as in `model_in_use`; a `keras.Model` stays as it is, whatever its output.

    Example:
        >>> model = genome_keras.kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> keras_model_of(Scorer(model)) is keras_model_of(model) is model
        True
    """
    known = isinstance(model, str | os.PathLike | Checkpoint | Scorer | ModelInUse)
    return open_scorer(model).model if known else model


def gives_signal(weights: object) -> bool:
    """Whether a model, or a checkpoint, is one of measured signal.

    Raises:
        WeightsError: no such checkpoint.

    Example:
        >>> gives_signal("kmer_logreg.human_chromatin.v1")
        False
    """
    if isinstance(weights, str | os.PathLike | Checkpoint):
        return find(weights).architecture in genome_keras.SIGNAL_MODELS
    return hasattr(weights, "signal_shape")


def signal_batch_size(window: int | None) -> int:
    """Windows of measured signal that are computed at a time unless somebody says otherwise.

    Args:
        window: bp; None is any.

    Example:
        >>> signal_batch_size(2114), signal_batch_size(196_608)
        (4, 1)
    """
    return min(SIGNAL_BATCH_SIZE, max(1, SIGNAL_BATCH_BASES // (window or 1)))


def _of_signal(weights, both_strands, batch_size, engine, bins):
    """The sums of a model of measured signal, as a model of tasks."""
    checkpoint = None
    if isinstance(weights, Checkpoint):
        checkpoint = described(weights, signal=True)
    name = (checkpoint or weights).name
    if both_strands:
        raise ValueError(f"{name}: tracks may be of one strand, so both_strands is not for them")
    if engine == "onnx":
        raise ValueError(f"{name}: measured signal is computed by Keras. Received: engine='onnx'")
    window = checkpoint.arguments["window"] if checkpoint else weights.window
    size = batch_size or signal_batch_size(window)

    def load():
        from genome_keras.layers.summed_signal import summed_signal

        model = summed_signal(build(checkpoint) if checkpoint else weights, bins=bins)
        return Scorer(model, batch_size=size)

    if checkpoint is None:  # its window and tasks are known, and it may be refused at once
        scorer = load()
        return _sums(name, scorer.tasks, window, lambda: scorer, batch_size=size)
    return _sums(name, checkpoint.tasks, window, load, batch_size=size, checkpoint=checkpoint)


def _sums(name, tasks, window, load, **more):
    return ModelInUse(
        name, tasks, [True] * len(tasks), window, load, gives_probabilities=False, **more
    )


def _of_checkpoint(checkpoint, both_strands, batch_size, engine):
    tasks, trained = checkpoint.tasks, checkpoint.trained
    arguments = checkpoint.arguments
    window = arguments.get("window")
    size = batch_size or min(BATCH_SIZE, max(1, BATCH_BASES // (window or 1)))
    if not tasks:
        count = arguments.get("tasks")
        tasks = [LIKELIHOOD] if count is None else [f"task_{task}" for task in range(count)]
        trained = [True] * len(tasks)
    return ModelInUse(
        checkpoint.name,
        tasks,
        trained,
        window,
        lambda: _load(checkpoint, both_strands, size, engine),
        batch_size=size,
        checkpoint=checkpoint,
    )


def _load(checkpoint, both_strands, batch_size, engine):
    model = model_without_keras(checkpoint, engine, both_strands=both_strands)
    # Without Keras, strands of tasks are the model's own matter.
    outside = model is not None and model.gives_next_bases and bool(both_strands)
    if model is None:
        factory = getattr(genome_keras, checkpoint.architecture)
        inside = "both_strands" in inspect.signature(factory).parameters
        given = {"both_strands": both_strands} if inside and both_strands is not None else {}
        model, outside = build(checkpoint, **given), bool(both_strands) and not inside
    try:
        return Scorer(model, tasks=checkpoint.tasks, both_strands=outside, batch_size=batch_size)
    except ValueError as error:
        raise WeightsError(f"{checkpoint.name}: {error}") from error
