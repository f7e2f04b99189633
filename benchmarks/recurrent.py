"""bigru on each backend beside ONNX Runtime, a torch loop, stock Keras and the bound.

    OMP_NUM_THREADS=1 python benchmarks/recurrent.py [--rounds 5] [--seconds 1] [--windows 100 1000]

Examples per second of processor time, of one thread: the default network (128 units, two
layers a direction, 919 tasks), batches of 100 at 100 bp and of 20 at 1000 bp. Every contender
is a process of its own; they take turns, so that what disturbs one round disturbs all.

- onnxruntime: the same network, written by `genome_keras.export`.
- torch loop: the same network by hand, `torch.nn.GRU` in each direction, same loss and optimizer.
- stock: the same model with `keras.layers.GRU` as it comes; at 100 bp only.
- bound: nothing but the matrix products of the GRUs and the head, by the fastest
  of OpenBLAS (numpy), MKL and oneDNN (both in torch); training has three times those of
  inference.
"""

import argparse
import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import recurrent_peers
from recurrent_peers import TASKS

BATCH = {100: 100, 1000: 20}
BACKENDS = ("tensorflow", "jax", "torch")
PEERS = ("onnxruntime", "torch loop", "bound")
STOCK = "stock "
VERSIONS = ("keras", "tensorflow", "jax", "torch", "onnxruntime", "numpy")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a round, at least")
    parser.add_argument("--windows", type=int, nargs="+", default=list(BATCH), choices=BATCH)
    names = [*BACKENDS, *PEERS, *(STOCK + name for name in BACKENDS)]
    parser.add_argument("--contenders", nargs="+", default=names, choices=names)
    parser.add_argument("--only", nargs="+", default=["inference", "training"])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child)
    names = options.contenders
    with tempfile.TemporaryDirectory() as folder:
        scored = "inference" in options.only and "onnxruntime" in names
        graphs = exported(Path(folder), options.windows) if scored else {}
        children = {name: Child(name, graphs) for name in names}
        head(options.rounds)
        for window in options.windows:
            for work in options.only:
                found = {name: [] for name in names}
                for number in range(options.rounds + 1):  # the first one compiles
                    for name in names:
                        if name == "onnxruntime" and work == "training":
                            continue
                        if name.startswith(STOCK) and window > 100:
                            continue
                        rate = children[name].rate(window, work, options.seconds * bool(number))
                        found[name] += [rate] if number else []
                report(window, work, {name: rates for name, rates in found.items() if rates})
        for one in children.values():
            one.end()


class Child:
    """A contender in a process of its own, which waits for its turn."""

    def __init__(self, name, graphs):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment["TF_NUM_INTRAOP_THREADS"] = environment["TF_NUM_INTEROP_THREADS"] = "1"
        backend = name.removeprefix(STOCK)
        environment["KERAS_BACKEND"] = backend if backend in BACKENDS else "torch"
        environment["GRAPHS"] = json.dumps(graphs)
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--child", name],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def rate(self, window, work, seconds):
        print(json.dumps([window, work, seconds]), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a contender ended with status {self.process.wait()}")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def exported(folder, windows):
    """Files of the network for ONNX Runtime."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    code = (
        "import sys, genome_keras\n"
        "from genome_keras.pretrained import save_pretrained\n"
        "for window in map(int, sys.argv[2:]):\n"
        "    model = genome_keras.bigru_multitask(window=window)\n"
        "    saved = save_pretrained(model, f'{sys.argv[1]}/{window}')\n"
        "    genome_keras.export(saved, f'{sys.argv[1]}/{window}.onnx')\n"
    )
    subprocess.run([sys.executable, "-c", code, folder, *map(str, windows)], check=True)
    return {window: str(folder / f"{window}.onnx") for window in windows}


def child(name):
    """Answers each line [window, work, seconds] with examples per processor second."""
    if name in PEERS:
        step = getattr(recurrent_peers, name.replace(" ", "_"))()
    else:
        step = keras_model(stock=name.startswith(STOCK))
    sys.stdout, answers = sys.stderr, sys.stdout
    for line in sys.stdin:
        window, work, seconds = json.loads(line)
        codes, labels = problem(window)
        done, started = 0, time.process_time()
        while not done or time.process_time() - started < seconds:
            step(work, codes, labels)
            done += len(codes)
        rate = done / (time.process_time() - started)
        print(json.dumps(rate), file=answers, flush=True)


def problem(window):
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 4, (BATCH[window], window), dtype=np.uint8)
    return codes, draw.integers(0, 2, (BATCH[window], TASKS)).astype(np.float32)


def keras_model(*, stock):
    import keras

    import genome_keras
    from genome_keras.layers.recurrent import GRU

    def plain(layer):
        kind = keras.layers.GRU if isinstance(layer, GRU) else type(layer)
        return kind.from_config(layer.get_config())

    models = {}

    def step(work, codes, labels):
        window = codes.shape[1]
        if window not in models:
            model = genome_keras.bigru_multitask(window=window)
            if stock:
                settings = model.get_compile_config()
                model = keras.models.clone_model(model, clone_function=plain)
                model.compile_from_config(settings)
            models[window] = model
        if work == "inference":
            models[window].predict_on_batch(codes)
        else:
            models[window].train_on_batch(codes, labels)

    return step


def head(rounds):
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS))
    print(f"median of {rounds} rounds (lowest-highest)\n")
    print("| bp | work | contender | examples/CPU-s | of onnxruntime | of torch loop | of bound |")
    print("|---:|---|---|---:|---:|---:|---:|", flush=True)


def report(window, work, found):
    for name, rates in found.items():
        cells = [ratio(rates, found.get(peer)) for peer in PEERS]
        rate = f"{statistics.median(rates):.0f} ({min(rates):.0f}-{max(rates):.0f})"
        print("| " + " | ".join([str(window), work, name, rate, *cells]) + " |", flush=True)


def ratio(rates, peers):
    """The median of the ratios of the rounds: both took their turns side by side."""
    if not peers:
        return "-"
    return f"{statistics.median(a / b for a, b in zip(rates, peers, strict=True)):.2f}"


if __name__ == "__main__":
    main()
