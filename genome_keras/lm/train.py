"""Training of a language model on a genome, resumable within an epoch."""

import math
import os
import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from genome_keras.arguments import at_least, at_least_one, one_of
from genome_keras.errors import FormatError
from genome_keras.io.atomic import atomic, protected
from genome_keras.io.digest import sha256_of
from genome_keras.io.folder_lock import held
from genome_keras.io.lines import check_regular
from genome_keras.io.numpy_files import read_arrays
from genome_keras.lm.genome import read_genome, split
from genome_keras.lm.network import Network
from genome_keras.lm.perplexity import Tally
from genome_keras.lm.score import held_out
from genome_keras.lm.streams import Streams
from genome_keras.models.char_rnn import char_rnn
from genome_keras.progress import LAYOUT, progress
from genome_keras.weights.checkpoint import Checkpoint, save_bare
from genome_keras.weights.resolve import find
from genome_keras.weights.run_files import RunFiles, claim


def train_genome(
    genome: str | os.PathLike,
    *,
    out: str | os.PathLike,
    fine_tune: str | os.PathLike | Checkpoint | None = None,
    cell: str | None = None,
    units: int | None = None,
    depth: int | None = None,
    embedding: int | None = None,
    dropout: float = 0.0,
    window: int = 100,
    batch_size: int = 50,
    epochs: int = 1,
    learning_rate: float = 2e-3,
    warmup: int = 0,
    decay: str = "none",
    reverse_complement: bool = False,
    hold_out: Sequence[str] = (),
    tail: float = 0.0,
    unknown: str | None = None,
    save_every: float = 600,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Trains `char_rnn` on a FASTA file; run it again after a kill and it goes on.

    Parallel streams lie end to end over the contigs, and the state is carried from one
    window to the next, from zeros at the start of an epoch (see `Streams`).

    Args:
        genome: FASTA, plain or gzip.
        out: folder for `state.npz`, `best.weights.h5` with `best.json` (what
            `char_rnn(weights=...)` reads), `train.json` (what was asked for) and
            `log.json`. The folder of an interrupted run goes on, to the same numbers as
            one that was never stopped; that of another run is an error.
        fine_tune: name or path of a checkpoint of `char_rnn` to start from.
        cell, units, depth, embedding: as in `char_rnn`; None takes its defaults, or with
            `fine_tune` what the checkpoint has.
        dropout: as in `char_rnn`.
        window: bp through which gradients go back.
        batch_size: parallel streams.
        epochs: passes over the genome.
        learning_rate: of Adam, the highest.
        warmup: steps until it is reached.
        decay: "none", "cosine" (to zero at the end), or "exponential" (times 0.97 each
            epoch, as the authors do on artificial genomes).
        reverse_complement: read half of the streams on the other strand, others each
            epoch.
        hold_out, tail: contigs, or the fraction at the end, not learned from and scored
            after every epoch, as in `genome_keras.lm.genome.split`.
        unknown: "N" reads letters other than A, C, G, T, N as N; None refuses them.
        save_every: seconds between two states within an epoch.
        seed: of the initial weights, dropout and the strands.

    Returns:
        The log: a dict for each epoch, with perplexities `training`, `held_out` (None
        without held-out parts) and, for the first epoch of a new network, `prequential`:
        in it each base is scored before it is learned. The best weights are those of the epoch with
        the lowest `held_out`, or `training`.

    Raises:
        FormatError: not FASTA, or `out` holds another run.
        SequenceError: a foreign letter.
        ValueError: an argument out of range, or one that contradicts the checkpoint.
        WeightsError: `fine_tune` is not a checkpoint of `char_rnn`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open(f"{folder}/genome.fa", "w") as file:
        ...         print(">chr1", "ACGTTGCA" * 20, ">chr2", "ACGT" * 5, sep="\\n", file=file)
        ...     how = {"units": 3, "depth": 1, "window": 10, "batch_size": 2, "hold_out": ["chr2"]}
        ...     log = train_genome(f"{folder}/genome.fa", out=f"{folder}/run", **how)
        >>> log[0]["epoch"], log[0]["held_out_bases"]
        (1, 19)
    """
    _check(decay=decay, epochs=epochs, warmup=warmup, learning_rate=learning_rate)
    check_regular(genome)  # it is read again for its sum
    training, scored = split(read_genome(genome, unknown=unknown), hold_out=hold_out, tail=tail)
    streams = Streams(
        [part.codes for part in training],
        batch_size=batch_size,
        window=window,
        reverse_complement=reverse_complement,
        seed=seed,
    )
    sizes = {"cell": cell, "units": units, "depth": depth, "embedding": embedding}
    model = char_rnn(
        **{name: size for name, size in sizes.items() if size is not None},
        dropout=dropout,
        seed=seed,
        weights=fine_tune,
    )
    sizes = {name: model.made_with["arguments"][name] for name in sizes}
    asked = {
        "architecture": "char_rnn",
        "arguments": sizes,
        "genome_sha256": sha256_of(genome),
        "dropout": dropout,
        "window": window,
        "batch_size": batch_size,
        "epochs": epochs,
        "learning_rate": learning_rate,
        "warmup": warmup,
        "decay": decay,
        "reverse_complement": reverse_complement,
        "hold_out": list(hold_out),
        "tail": tail,
        "unknown": unknown,
        "seed": seed,
    }
    if fine_tune is not None:
        asked["fine_tune"] = str(fine_tune)
    with protected([genome, fine_tune]), held(claim(out, asked)):
        return _learned(
            model, streams, scored, out, asked=asked, save_every=save_every, new=fine_tune is None
        )


def _learned(model, streams, scored, out, *, asked, save_every, new):
    """The log, after the epochs that are left."""
    names = ("learning_rate", "warmup", "decay", "epochs", "batch_size")
    learning_rate, warmup, decay, epochs, batch_size = (asked[name] for name in names)
    model.optimizer.learning_rate = _Rate(learning_rate, warmup, decay, len(streams), epochs)
    run = _Run(out, Network(model), streams, save_every, new=new)
    run.restore()
    for epoch in range(run.epoch, epochs):
        trained = run.learn_epoch(epoch, epochs)
        measured = held_out(
            run.network, scored, batch_size=batch_size, piece=_piece(scored, batch_size)
        )
        run.finish_epoch(model, trained, measured)
    return run.log


class _Run:
    """The folder of a run, and where in the genome it is."""

    def __init__(self, folder, network, streams, save_every, *, new):
        self.files, self.network, self.streams = RunFiles(folder), network, streams
        self.save_every, self.new = save_every, new
        self.epoch = self.window = 0
        self.states, self.tally, self.cpu_seconds = None, Tally(), 0.0
        self.log = []

    def restore(self):
        path = self.files.state
        if not path.exists():
            return
        problem = "damaged, or not the state of this run; remove the folder to start anew"
        state = read_arrays(path, problem=problem)
        try:
            for number, variable in enumerate(self.network.variables()):
                variable.assign(state[f"variable/{number}"])
            self.epoch, self.window = int(state["epoch"]), int(state["window"])
            self.tally = Tally(float(state["nats"]), int(state["bases"]))
            self.cpu_seconds = float(state["cpu_seconds"])
            count = sum(name.startswith("state/") for name in state)
            self.states = [state[f"state/{number}"] for number in range(count)]
        except (ValueError, TypeError, KeyError) as error:
            raise FormatError(path, None, problem) from error
        if self.epoch:
            self.log = self.files.read_log()[: self.epoch]

    def learn_epoch(self, epoch, epochs):
        """Learns from what is left of an epoch, and returns the `Tally` of all of it."""
        if not self.window:
            self.states, self.tally = self.network.start(self.streams.batch_size), Tally()
            self.cpu_seconds = 0.0
        self._clock, saved = time.process_time(), time.monotonic()
        windows = self.streams.epoch(epoch, first=self.window)
        bar = progress(
            total=len(self.streams),
            initial=self.window,
            bar_format=LAYOUT,
            desc=f"epoch {epoch + 1}/{epochs}",
            unit=" windows",
        )
        with bar:
            held = []
            for codes, following in windows:
                nats, bases, self.states = self.network.learn(codes, following, self.states)
                held.append((nats, bases))
                self.window += 1
                bar.update()
                if len(held) == 20 or self.window == len(self.streams):
                    self._count(held)
                    told = f"perplexity {self.tally.perplexity:.3f}"
                    if self.log and self.log[-1]["held_out"]:
                        told += f", held out {self.log[-1]['held_out']:.3f}"
                    bar.set_postfix_str(told, refresh=False)
                if time.monotonic() - saved >= self.save_every:
                    self._count(held)
                    self._save()
                    saved = time.monotonic()
        self._count(held)
        return self.tally

    def _count(self, held):
        # Only now and then: asking for a number waits for the accelerator.
        for nats, bases in held:
            self.tally += Tally(_number(nats), int(_number(bases)))
        held.clear()

    def finish_epoch(self, model, trained, measured):
        """Writes the log, the best weights and the state."""
        row = {
            "epoch": self.epoch + 1,
            "training": trained.perplexity,
            "held_out": measured.perplexity if measured.bases else None,
            "held_out_bases": measured.bases,
            "learning_rate": _number(model.optimizer.learning_rate),
            "cpu_seconds": round(self.cpu_seconds + time.process_time() - self._clock, 1),
        }
        if self.new and not self.epoch:
            row["prequential"] = trained.perplexity
        name = "held_out" if measured.bases else "training"
        best = min((old[name] for old in self.log), default=math.inf)
        self.log.append(row)
        self.files.write_log(self.log)
        if row[name] < best:
            self.files.describe(model, arguments=self.files.asked()["arguments"], epoch=row)
            with atomic(self.files.best) as path:
                save_bare(model, path)
        self.epoch, self.window = self.epoch + 1, 0
        self._save()

    def _save(self):
        arrays = {
            f"{name}/{number}": ops.convert_to_numpy(array)
            for name, group in (("variable", self.network.variables()), ("state", self.states))
            for number, array in enumerate(group)
        }
        spent = self.cpu_seconds + time.process_time() - self._clock
        with atomic(self.files.state) as path:
            np.savez(
                path,
                epoch=self.epoch,
                window=self.window,
                nats=self.tally.nats,
                bases=self.tally.bases,
                cpu_seconds=spent,
                **arrays,
            )


@keras.saving.register_keras_serializable("genome_keras")
class _Rate(keras.optimizers.schedules.LearningRateSchedule):
    """Rises over `warmup` steps; then stays, or falls as `decay` says."""

    def __init__(self, highest, warmup, decay, steps, epochs):
        super().__init__()
        self.highest, self.warmup, self.decay = highest, warmup, decay
        self.steps, self.epochs = steps, epochs

    def __call__(self, step):
        step = ops.cast(step, "float32")
        rate = self.highest * ops.minimum(1.0, (step + 1) / max(1, self.warmup))
        if self.decay == "cosine":
            left = max(1, self.steps * self.epochs - self.warmup)
            done = ops.clip((step - self.warmup) / left, 0.0, 1.0)
            rate = rate * 0.5 * (1 + ops.cos(math.pi * done))
        elif self.decay == "exponential":
            rate = rate * 0.97 ** ops.floor(step / self.steps)
        return rate

    def get_config(self):
        names = ("highest", "warmup", "decay", "steps", "epochs")
        return {name: getattr(self, name) for name in names}


def load_lm(weights: str | os.PathLike | Checkpoint) -> keras.Model:
    """The `char_rnn` of a checkpoint.

    Args:
        weights: name of a published checkpoint, or path of a `.weights.h5` file, such
            as the `best.weights.h5` of a training run, with its `.json` beside it.

    Returns:
        A compiled `keras.Model`.

    Raises:
        WeightsError: unknown, missing, damaged, or of another architecture.

    Example:
        >>> load_lm("char_rnn.ecoli.v1").output_shape
        (None, None, 4)
    """
    find(weights, architecture="char_rnn")
    return char_rnn(weights=weights)


def _piece(parts, batch_size):
    """Length of the pieces that spread the held-out bases over all rows."""
    bases = sum(len(part.codes) - part.first for part in parts)
    return max(1000, -(-bases // batch_size))


def _check(*, decay, epochs, warmup, learning_rate):
    one_of(decay=decay, accepted=("none", "cosine", "exponential"))
    at_least_one(epochs=epochs)
    at_least(0, warmup=warmup)
    if not learning_rate > 0:
        raise ValueError(
            f"learning_rate must be above 0. Received: learning_rate={learning_rate!r}"
        )


def _number(tensor):
    return float(ops.convert_to_numpy(tensor))
