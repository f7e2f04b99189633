"""Training of multi-task models, resumable to the bit."""

import keras

import genome_keras
from genome_keras.datasets.splits import in_memory, open_split
from genome_keras.training.curves import draw_curves, pyplot
from genome_keras.training.fine_tune import start_from
from genome_keras.training.fit import SCHEDULES, Scaled, fit  # noqa: F401
from genome_keras.training.parallel import batches_of, own_folder, parallel
from genome_keras.training.record import claim, describe

# How to train, and the factory's arguments that belong to it.
RECIPES = {
    "default": {
        "epochs": 8,
        "batch_size": 128,
        "learning_rate": 5e-3,
        "warmup": 500,
        "schedule": "cosine",
        "clip": 1.0,
        "reverse_complement": True,
        "keep_epochs": False,
        "arguments": {},
    },
    "paper": {
        "epochs": 61,
        "batch_size": 20,
        "learning_rate": 1e-3,
        "warmup": 0,
        "schedule": "constant",
        "clip": None,
        "reverse_complement": False,
        "keep_epochs": True,
        "arguments": {"bigru_multitask": {"initializer": "uniform", "reset_after": False}},
    },
}
IN_MEMORY = 4 * 2**30  # bytes of codes and labels
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")


def train_dataset(
    data,
    *,
    out,
    model="bigru_multitask",
    recipe="default",
    arguments=None,
    window=None,
    examples=None,
    epochs=None,
    batch_size=None,
    learning_rate=None,
    warmup=None,
    patience=None,
    positive_weight=1.0,
    fine_tune=None,
    trunk_rate=1.0,
    keep_epochs=None,
    precision="float32",
    tensorboard=False,
    plot=False,
    devices=1,
    seed=0,
):
    """Trains a multi-task model on the splits "train" and "valid" of a data set.

    Args:
        data: path of the HDF5 data set.
        out: as in `fit`; also gets `train.json`, what was asked for, and `best.json`, which
            makes `out/best.weights.h5` a checkpoint for all functions. The folder
            of an interrupted run goes on; that of another run is an error.
        model: name of a factory.
        recipe: "default", or "paper", that of Zhang & Kamath 2016: batches of 20, Adam
            at 1e-3, one strand, weights from (-0.01, 0.01), the weights of every epoch.
        arguments: dict of other arguments of the factory; window and tasks come from
            the data set, and with `fine_tune` the rest from the checkpoint.
        window: the middle so many bp of each example; None takes all.
        examples: learn from so many, spread evenly over the split "train"; None takes
            all. The paper took 80,000.
        epochs, batch_size, learning_rate, warmup, keep_epochs: as in `fit`; None is
            the recipe's.
        patience, positive_weight, trunk_rate, tensorboard: as in `fit`.
        fine_tune: name or path of a checkpoint of this model to start from; its head
            stays where the tasks are the same, and is new otherwise.
        precision: "float32", "mixed_float16" or "mixed_bfloat16": of the computation;
            weights are float32.
        plot: draw the learning curves in `out/curves.svg`; needs matplotlib.
        devices: how many share each batch, as in `genome_keras.training.parallel.parallel`.
        seed: of the initial weights, dropout, order and strands.

    Returns:
        The trained model, with its best weights.

    Raises:
        FormatError: the data set is not one, or `out` holds another run.
        ValueError: another value of an argument, or one the factory does not take.
        WeightsError: `fine_tune` is not a checkpoint of this model.
        GenomeKerasError: matplotlib is missing, before anything is trained.

    Source: Zhang & Kamath 2016, section 4.3 and the authors' program, for "paper".
    """
    for name, value, accepted in (
        ("recipe", recipe, tuple(RECIPES)),
        ("precision", precision, PRECISIONS),
    ):
        if value not in accepted:
            raise ValueError(f"{name} must be one of {accepted}. Received: {name}={value!r}")
    if plot:
        pyplot()
    how = {key: value for key, value in RECIPES[recipe].items() if key != "arguments"}
    given = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "warmup": warmup,
        "keep_epochs": keep_epochs,
    }
    how |= {name: value for name, value in given.items() if value is not None}
    rate = how["learning_rate"]
    if how["epochs"] < 1 or how["warmup"] < 0 or not 0 < rate < float("inf"):
        raise ValueError(
            "expected epochs of at least 1, warmup of at least 0 and a learning_rate above 0. "
            f"Received: {how['epochs']}, {how['warmup']}, {rate}"
        )
    how |= {"patience": patience, "positive_weight": positive_weight, "trunk_rate": trunk_rate}
    train, valid = _read(data, "train", window, examples), _read(data, "valid", window)
    sizes = RECIPES[recipe]["arguments"].get(model, {}) | (arguments or {})
    sizes |= {"window": train.window, "tasks": len(train.tasks)}
    with parallel(devices):
        batches_of(train, batch_size=how["batch_size"])  # told before there is a folder
        network, sizes, trained = _network(
            model, sizes, fine_tune, tasks=train.tasks, precision=precision, seed=seed
        )
        asked = {"architecture": model, "arguments": sizes, "recipe": recipe, **how}
        asked |= {"fine_tune": fine_tune and str(fine_tune), "precision": precision, "seed": seed}
        if examples is not None:
            asked["examples"] = examples
        how |= {"trained": trained, "tensorboard": tensorboard, "seed": seed}
        with own_folder(out) as folder:
            describe(claim(folder, {**asked, "tasks": train.tasks}), network, train.tasks)
            log = fit(network, train, valid, out=folder, **how)
            if plot:
                draw_curves(log, folder / "curves.svg")
    return network


def _network(model, sizes, fine_tune, *, tasks, precision, seed):
    """The model to train, its arguments, and whether it has trained weights."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        if fine_tune is None:
            return getattr(genome_keras, model)(**sizes, seed=seed), sizes, False
        return start_from(fine_tune, architecture=model, arguments=sizes, tasks=tasks, seed=seed)
    except TypeError as error:  # an argument that the factory does not have
        raise ValueError(str(error)) from error
    finally:
        keras.config.set_dtype_policy(policy)


def _read(data, split, window, examples=None):
    """One split: in memory where it is small, left on disk where it is not."""
    stored = open_split(data, split, window=window)
    size = min(len(stored), examples or len(stored))
    if size * (stored.window + len(stored.tasks)) > IN_MEMORY:
        if size < len(stored):
            raise ValueError(f"too many examples for memory. Received: examples={examples}")
        return stored
    return in_memory(stored, examples)
