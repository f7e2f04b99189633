"""Training of multi-task models, resumable after every epoch."""

import json
import math
from pathlib import Path

import keras
import numpy as np
from tqdm.keras import TqdmCallback

import genome_keras
from genome_keras.datasets.chromatin import chromatin
from genome_keras.encode import reverse_complement
from genome_keras.errors import FormatError
from genome_keras.io.atomic import atomic
from genome_keras.scores import positive_rates
from genome_keras.weights import find, save_bare


class Batches(keras.utils.PyDataset):
    """Batches of codes and labels, the same for the same seed and epoch.

    Args:
        codes: uint8 (n, window).
        labels: (n, tasks).
        batch_size: examples a batch.
        seed: of the order and of the strand; None keeps the order and the strand.
        reverse_complement: flip each window to the other strand with probability
            one half; needs a seed.
    """

    def __init__(self, codes, labels, *, batch_size, seed=None, reverse_complement=False):
        super().__init__()
        self.codes, self.labels = codes, labels
        self.batch_size, self.seed = batch_size, seed
        self.reverse_complement = reverse_complement
        self.start_epoch(0)

    def start_epoch(self, epoch):
        """Draws the order and the strands of an epoch."""
        n = len(self.codes)
        if self.seed is None:
            self.order, self.flipped = np.arange(n), np.zeros(n, bool)
            return
        draw = np.random.default_rng([self.seed, epoch])
        self.order = draw.permutation(n)
        self.flipped = draw.random(n) < (0.5 if self.reverse_complement else 0)

    def __len__(self):
        n = len(self.codes)
        # One shape in training: a last, shorter batch would be compiled anew.
        if self.seed is not None and n >= self.batch_size:
            return n // self.batch_size
        return -(-n // self.batch_size)

    def __getitem__(self, index):
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        chosen = self.order[part]
        codes = self.codes[chosen]
        flipped = self.flipped[part]
        codes[flipped] = reverse_complement(codes[flipped])
        return codes, self.labels[chosen]


class Resume(keras.callbacks.Callback):
    """Keeps the state of the last epoch, the best weights and a log in a folder.

    `state-0007.weights.h5` holds weights, optimizer and random state after seven
    epochs; it replaces the one before it only when it is complete.
    """

    def __init__(self, folder, batches):
        super().__init__()
        self.folder, self.batches = Path(folder), batches
        self.log_path = self.folder / "log.json"
        self.log = json.loads(self.log_path.read_text()) if self.log_path.exists() else []

    def restore(self, model):
        """Loads the last state, if any, and returns the number of finished epochs."""
        states = sorted(self.folder.glob("state-*.weights.h5"))
        if not states:
            self.log = []
            return 0
        done = int(states[-1].name[6:10])
        self.log = self.log[:done]
        model.optimizer.build(model.trainable_variables)
        model.load_weights(states[-1])
        return done

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.start_epoch(epoch)
        # Keras does not save the state of dropout, so each epoch starts a new one.
        for number, variable in enumerate(self.model.non_trainable_variables):
            if variable.path.endswith("seed_generator_state"):
                draw = np.random.SeedSequence([self.batches.seed, epoch, number])
                variable.assign(draw.generate_state(2).astype(variable.dtype))

    def on_epoch_end(self, epoch, logs=None):
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        row = {"epoch": epoch + 1, "learning_rate": rate}
        row |= {name: float(value) for name, value in (logs or {}).items()}
        best = min((old["val_perplexity"] for old in self.log), default=math.inf)
        self.log.append(row)
        with atomic(self.log_path) as path:
            path.write_text(json.dumps(self.log, indent=1))
        if row["val_perplexity"] < best:
            with atomic(self.folder / "best.weights.h5") as path:
                save_bare(self.model, path)
        old = list(self.folder.glob("state-*.weights.h5"))
        with atomic(self.folder / f"state-{epoch + 1:04d}.weights.h5") as path:
            self.model.save_weights(path)
        for path in old:
            path.unlink()


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
    reverse_complement=True,
    trained=False,
    seed=0,
):
    """Trains a compiled multi-task model; run it again after a kill and it goes on.

    The learning rate rises over `warmup` steps and falls along a cosine to zero
    at the end of the last epoch.

    Args:
        model: a compiled model with codes in and (batch, tasks) out.
        train, valid: `Examples`.
        out: folder for `state-*.weights.h5`, `best.weights.h5` and `log.json`.
        epochs: passes over the training examples.
        batch_size: examples a step.
        learning_rate: the highest.
        warmup: steps until it is reached.
        reverse_complement: train on a random strand of each window.
        trained: the model goes on from trained weights; otherwise the biases of
            a `TaskHead` start at the positive rates of the training labels.
        seed: of the order and the strands.

    Returns:
        The log: one dict for each epoch. The model ends with the best weights.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    batches = Batches(
        train.codes,
        train.labels,
        batch_size=batch_size,
        seed=seed,
        reverse_complement=reverse_complement,
    )
    steps = epochs * len(batches)
    warmup = min(warmup, steps // 10)
    model.optimizer.learning_rate = keras.optimizers.schedules.CosineDecay(
        learning_rate / 100,
        max(1, steps - warmup),
        warmup_target=learning_rate,
        warmup_steps=max(1, warmup),
    )
    resume = Resume(folder, batches)
    done = resume.restore(model)
    if not (done or trained) and hasattr(model.layers[-1], "set_rates"):
        model.layers[-1].set_rates(positive_rates(train.labels))
    model.fit(
        batches,
        validation_data=Batches(valid.codes, valid.labels, batch_size=batch_size),
        epochs=epochs,
        initial_epoch=done,
        shuffle=False,
        callbacks=[resume, TqdmCallback(verbose=1, disable=None)],
        verbose=0,
    )
    find(folder / "best.weights.h5").load_into(model)
    return resume.log


def train_dataset(
    data,
    *,
    out,
    model="bigru_multitask",
    epochs=8,
    batch_size=128,
    learning_rate=5e-3,
    warmup=500,
    fine_tune=None,
    seed=0,
):
    """Trains a multi-task model on the splits "train" and "valid" of a data set.

    Window and tasks come from the data set; all else are the factory's defaults,
    or the checkpoint's.

    Args:
        data: path of the HDF5 data set.
        out: as in `fit`; also gets `train.json`, what was asked for. The folder
            of an interrupted run goes on; that of another run is an error.
        model: name of a factory.
        epochs, batch_size, learning_rate, warmup: as in `fit`.
        fine_tune: name or path of a checkpoint of this model and these tasks to
            start from; None starts from random weights.
        seed: of the initial weights, dropout, order and strands.

    Returns:
        The trained model, with its best weights.

    Raises:
        FormatError: the data set is not one, or `out` holds another run.
        WeightsError: `fine_tune` is not a checkpoint of this model.
    """
    if fine_tune is not None:
        find(fine_tune, architecture=model)
    train, valid = chromatin(data, "train"), chromatin(data, "valid")
    arguments = {"window": train.codes.shape[1], "tasks": train.labels.shape[1]}
    asked = {
        "architecture": model,
        "arguments": arguments,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "warmup": warmup,
        "fine_tune": fine_tune,
        "seed": seed,
        "tasks": train.tasks,
    }
    record = Path(out) / "train.json"
    if record.exists() and json.loads(record.read_text()) != asked:
        raise FormatError(record, None, "this folder holds a run with other arguments or data")
    Path(out).mkdir(parents=True, exist_ok=True)
    with atomic(record) as path:
        path.write_text(json.dumps(asked, indent=1))
    network = getattr(genome_keras, model)(**arguments, weights=fine_tune, seed=seed)
    fit(
        network,
        train,
        valid,
        out=out,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        warmup=warmup,
        trained=fine_tune is not None,
        seed=seed,
    )
    return network
