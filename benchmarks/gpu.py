"""Training and inference on the GPU (or the CPU), each backend beside plain torch.

    python benchmarks/gpu.py [--quick] [--paper] [--networks NAME ...] [--backends NAME ...]

Every installed backend, and the same network in plain torch, is a process of its own; they
take turns on the same device. A row is one network, precision and kind of work:

- training: one call of `fit` of at least --seconds; its loss is fetched before the clock is read.
- inference: scores of batch after batch, each fetched.

Rates are examples per second of the clock. "paper" is `bigru_multitask` as in the paper
(batches of 20, `reset_after=False`, which no cuDNN kernel computes; plain torch computes
`reset_after=True` there too). After the table come the minutes of the paper's 61 epochs of
80,000 examples: projected from the rates of training, and with --paper those that
`train_dataset` with the recipe "paper" took. A backend that fails gets a row that says why.

"float32" is what each framework makes of it on the device: products of matrices may be TF32,
in torch too, whose default is otherwise. Memory is not reserved beforehand.
"""

import argparse
import contextlib
import gc
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from turns import BACKENDS, Child, EndedError, Row, answer, installed, ratios, spread, versions

PLAIN = "plain torch"
WORK = ("training", "inference")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
EPOCHS, EXAMPLES = 61, 80_000  # of the paper
ENVIRONMENT = {
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1",
}


class Network(NamedTuple):
    """What is measured: the factory, its arguments and, for --quick, smaller ones."""

    factory: str
    sizes: dict
    small: dict
    batch: int | None = None  # where it is part of the network's recipe


TASKS = {"tasks": 919}
SMALL = {"tasks": 5, "hidden": 6}
NETWORKS = {
    "bigru_multitask": Network(
        "bigru_multitask", {"window": 100, **TASKS}, {"window": 12, "tasks": 5, "units": 4}
    ),
    "paper": Network(
        "bigru_multitask",
        {"window": 100, **TASKS, "reset_after": False, "initializer": "uniform"},
        {"window": 12, "tasks": 5, "units": 4, "reset_after": False},
        batch=20,
    ),
    "deepsea": Network(
        "deepsea", {"window": 1000, **TASKS}, {"window": 200, "filters": [4, 5, 6], **SMALL}
    ),
    "danq": Network(
        "danq", {"window": 1000, **TASKS}, {"window": 200, "filters": 4, "units": 5, **SMALL}
    ),
    "char_rnn": Network("char_rnn", {"window": 100}, {"window": 12, "units": 4}),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS), metavar="NAME")
    parser.add_argument("--backends", nargs="+", default=installed(), choices=BACKENDS)
    parser.add_argument("--precisions", nargs="+", default=PRECISIONS[:2], choices=PRECISIONS)
    parser.add_argument("--work", nargs="+", default=WORK, choices=WORK)
    parser.add_argument("--batch-size", type=int, default=128, help="of training")
    parser.add_argument("--scored", type=int, default=1024, help="batch size of inference")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a round, at least")
    parser.add_argument("--patience", type=float, default=180, help="seconds until an answer")
    parser.add_argument("--quick", action="store_true", help="tiny networks and batches")
    parser.add_argument("--paper", action="store_true", help="also run the paper's training")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of --paper")
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="of --paper")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child)
    if not set(options.networks) <= set(NETWORKS):
        parser.error(f"networks are {', '.join(NETWORKS)}")
    if options.quick:
        options.batch_size, options.scored, options.seconds = 4, 8, 0.01
        options.rounds = 1
    names = [PLAIN] * bool(installed(["torch"])) + list(options.backends)
    children = {name: start(name) for name in names}
    print(versions(["keras", "numpy"]))
    for name, one in children.items():
        print(f"- {name}: {heard(one, options.patience)}", flush=True)
    print(
        f"\nmedian of {options.rounds} rounds (lowest-highest)\n\n"
        "| network | bp | work | batch | precision | contender | examples/s | of plain torch |\n"
        "|---|---:|---|---:|---|---|---:|---:|",
        flush=True,
    )
    trained = []
    for network in options.networks:
        for precision in options.precisions:
            for work in options.work:
                about = Case(network, precision, work, batch_size(network, work, options))
                found = measured(children, about, options)
                report(about, found, options.quick)
                if work == "training" and network in ("bigru_multitask", "paper"):
                    trained.append((about, found))
    if trained:
        projected(trained, options.quick)
    if options.paper:
        trained_as_paper(children, options)
    for one in children.values():
        one.end()
    return None


def compare(options):
    """Rows of `table.py`: that there is none, or where they are printed."""
    command = "`python benchmarks/gpu.py --paper` has the rows"
    seen = any(Path("/dev").glob("nvidia[0-9]*"))
    yield Row("training and inference on a GPU", "", [], command if seen else "no GPU was seen")


def start(name):
    backend = "torch" if name == PLAIN else name
    return Child(__file__, name, ENVIRONMENT | {"KERAS_BACKEND": backend})


def heard(one, patience, *question):
    """The answer to a question, or to the first one; or what went wrong, as a str."""
    try:
        one.tell(*question)
        return one.hear(patience)
    except EndedError as error:
        return str(error)


class Case(NamedTuple):
    """What all contenders do at the same time."""

    network: str
    precision: str
    work: str
    batch: int


def batch_size(network, work, options):
    if work == "inference":
        return options.scored
    return (not options.quick and NETWORKS[network].batch) or options.batch_size


def measured(children, case, options):
    """Rates of the rounds of each contender, or a str: what went wrong."""
    found = {name: [] for name in children}
    for one in children.values():  # they compile side by side
        one.tell(*case, 0, options.quick)
    for number in range(options.rounds + 1):
        for name, rates in found.items():
            if isinstance(rates, str):
                continue
            try:
                if number:
                    children[name].tell(*case, options.seconds, options.quick)
                rate = children[name].hear(options.patience)
            except EndedError as error:
                rate, children[name] = str(error), start(name)
                heard(children[name], options.patience)
            if isinstance(rate, str):
                found[name] = rate
            elif number:
                rates.append(rate)
    return found


def report(case, found, quick):
    window = sizes_of(case.network, quick)["window"]
    for name, rates in found.items():
        cells = [case.network, str(window), case.work, str(case.batch), case.precision, name]
        cells += [rates, "-"] if isinstance(rates, str) else [spread(rates), beside(rates, found)]
        print("| " + " | ".join(cells) + " |", flush=True)


def beside(rates, found):
    peers = found.get(PLAIN, "missing")
    return "-" if isinstance(peers, str) else spread(ratios(rates, peers), "{:.2f}")


def projected(trained, quick=False):
    """Prints the minutes of the paper's training that follow from the rates."""
    work = EPOCHS * EXAMPLES
    print(
        f"\n{EPOCHS} epochs of {EXAMPLES:,} examples, the paper's three days on a GRID K520, "
        "projected from the\nrates of training above, without validation"
        f"{' (of tiny networks: these minutes mean nothing)' * quick}:\n\n"
        "| network | batch | precision | contender | minutes, projected | of three days |\n"
        "|---|---:|---|---|---:|---:|"
    )
    for case, found in trained:
        for name, rates in found.items():
            if isinstance(rates, str):
                continue
            minutes = work / statistics.median(rates) / 60
            cells = [case.network, str(case.batch), case.precision, name, f"{minutes:.1f}"]
            print("| " + " | ".join(cells) + f" | 1/{3 * 24 * 60 / minutes:.0f} |", flush=True)


def trained_as_paper(children, options):
    """Prints the minutes that the paper's training took on each backend."""
    epochs, examples = (1, 40) if options.quick else (options.epochs, options.examples)
    print(
        f"\n`train_dataset(recipe='paper')` on random data, {epochs} epochs of {examples:,} "
        "examples,\n1,000 more for validation, from reading to the last file:\n\n"
        "| backend | minutes, measured |\n|---|---:|"
    )
    for name, one in children.items():
        if name != PLAIN:
            found = heard(one, None, "train", epochs, examples, options.quick)
            told = found if isinstance(found, str) else f"{found / 60:.1f}"
            print(f"| {name} | {told} |", flush=True)


def child(name):
    """Says what it runs on, then replies with rates."""
    made, counts = {}, {}

    def reply(network=None, *case):
        if network is None:
            return described(name)
        try:
            if network == "train":
                return paper(*case)
            precision, work, batch, seconds, quick = case
            if (network, precision) not in made:
                made.clear()
                gc.collect()
                build = plain_torch if name == PLAIN else keras_model
                made[network, precision] = build(
                    NETWORKS[network].factory, sizes_of(network, quick), precision
                )
            steps = made[network, precision][work](*problem(network, batch, quick))
            if not seconds:  # twice: what is compiled depends on what the first leaves
                return [steps(2), steps(1)][0]
            found, counts[case] = rate(steps, batch, seconds, counts.get(case, 1))
            return found
        except Exception as error:
            made.clear()
            return f"{type(error).__name__}: {error}".partition("\n")[0].replace("|", "/")[:100]

    answer(reply)


def described(name):
    """The versions and the device of a contender."""
    backend = "torch" if name == PLAIN else name
    if backend == "jax":
        import jax

        device = jax.devices()[0]
        device = None if device.platform == "cpu" else device.device_kind
    elif backend == "tensorflow":
        import tensorflow as tf

        every = tf.config.list_physical_devices("GPU")
        about = tf.config.experimental.get_device_details
        device = about(every[0]).get("device_name", "a GPU") if every else None
    else:
        import torch

        device = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return f"{versions([backend])} on {device or cpu()}"


def cpu():
    """The name of this machine's processor."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return f"CPU {line.partition(':')[2].strip()}"
    return "a CPU"


def sizes_of(network, quick):
    return NETWORKS[network].small if quick else NETWORKS[network].sizes


def problem(network, batch, quick):
    """Codes and labels of one batch."""
    draw, sizes = np.random.default_rng(0), sizes_of(network, quick)
    codes = draw.integers(0, 4, (batch, sizes["window"] + 1), dtype=np.uint8)
    if network == "char_rnn":
        return codes[:, :-1].copy(), codes[:, 1:].copy()
    labels = draw.integers(0, 2, (batch, sizes["tasks"]), dtype=np.int8)
    return codes[:, :-1].copy(), labels


def rate(steps, batch, seconds, count):
    """Examples per second of the clock, of as many steps as take so long; and how many.

    Args:
        steps: function of a number of steps that ends when they are done.
        batch: examples of a step.
        seconds: at least.
        count: of steps, to begin with.
    """
    while True:
        started = time.perf_counter()
        steps(count)
        took = time.perf_counter() - started
        if took >= seconds:
            return count * batch / took, count
        count = max(count + 1, int(count * min(20, 1.3 * seconds / took)))


def keras_model(factory, sizes, precision):
    """Of each work a function of codes and labels; it gives a function of the number of steps."""
    import keras

    import genome_keras

    class Same(keras.utils.PyDataset):
        """One batch so many times."""

        def __init__(self, batch, count):
            super().__init__()
            self.batch, self.count = batch, count

        def __len__(self):
            return self.count

        def __getitem__(self, index):
            return self.batch

    keras.utils.clear_session()
    keras.config.set_dtype_policy(precision)
    sizes = {key: tuple(of) if isinstance(of, list) else of for key, of in sizes.items()}
    model = getattr(genome_keras, factory)(**sizes)

    def training(codes, labels):
        def steps(count):
            log = model.fit(Same((codes, labels), count), shuffle=False, verbose=0)
            return float(log.history["loss"][-1])

        return steps

    def inference(codes, labels):
        def steps(count):
            return [float(model.predict_on_batch(codes).flat[0]) for _ in range(count)][-1]

        return steps

    return {"training": training, "inference": inference}


def plain_torch(factory, sizes, precision):
    """As `keras_model`, of the same network in plain torch."""
    import torch

    from networks_torch import NETWORKS as PLAIN_NETWORKS
    from networks_torch import Trainer

    ours = ("reset_after", "initializer")
    made = PLAIN_NETWORKS[factory](
        **{key: value for key, value in sizes.items() if key not in ours}
    )
    trainer = Trainer(
        made,
        device="cuda" if torch.cuda.is_available() else "cpu",
        precision=precision,
        clip=5.0 if factory == "char_rnn" else 1.0,
    )

    def training(codes, labels):
        return lambda count: [trainer.train(codes, labels) for _ in range(count)][-1].item()

    def inference(codes, labels):
        return lambda count: [float(trainer.predict(codes).flat[0]) for _ in range(count)][-1]

    return {"training": training, "inference": inference}


def paper(epochs, examples, quick):
    """Seconds of the paper's training on random examples."""
    import h5py

    from genome_keras.training.train import train_dataset

    sizes = sizes_of("paper", quick)
    splits = {"train": examples, "valid": 1000}
    draw, count = np.random.default_rng(0), sum(splits.values())
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data.h5")
        with h5py.File(data, "w") as file:
            file["x"] = draw.integers(0, 4, (count, sizes["window"]), dtype=np.uint8)
            file["y"] = draw.integers(0, 2, (count, sizes["tasks"]), dtype=np.int8)
            file["split"] = np.repeat(np.array(list(splits), "S"), list(splits.values()))
            file["source"] = np.array([b"random"] * count)
            file["tasks"] = np.array([b"task %d" % i for i in range(sizes["tasks"])])
        arguments = {"units": sizes["units"]} if quick else {}
        started = time.perf_counter()
        train_dataset(
            data, out=Path(folder, "out"), recipe="paper", epochs=epochs, arguments=arguments
        )
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
