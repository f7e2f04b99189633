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
from turns import BACKENDS, Child, Row, answer, installed, ratios, spread, versions

BATCH = {100: 100, 1000: 20}
PEERS = ("onnxruntime", "torch loop", "bound")
STOCK = "stock "
VERSIONS = ("keras", "tensorflow", "jax", "torch", "onnxruntime", "numpy")
WORK = ("inference", "training")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a round, at least")
    parser.add_argument("--windows", type=int, nargs="+", default=list(BATCH), choices=BATCH)
    names = [*BACKENDS, *PEERS, *(STOCK + name for name in BACKENDS)]
    parser.add_argument("--contenders", nargs="+", default=names, choices=names)
    parser.add_argument("--only", nargs="+", default=WORK)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child)
    head(options.rounds)
    for window, work, found in measured(
        options.contenders, options.windows, options.only, options.rounds, options.seconds
    ):
        report(window, work, found)


def measured(names, windows, works, rounds, seconds):
    """Yields window, work and the rates of the rounds of each contender that does it."""
    with tempfile.TemporaryDirectory() as folder:
        scored = "inference" in works and "onnxruntime" in names
        graphs = exported(Path(folder), windows) if scored else {}
        children = {name: Child(__file__, name, environment(name, graphs)) for name in names}
        for window in windows:
            for work in works:
                found = {name: [] for name in names}
                for number in range(rounds + 1):  # the first one compiles
                    for name in names:
                        if name == "onnxruntime" and work == "training":
                            continue
                        if name.startswith(STOCK) and window > 100:
                            continue
                        rate = children[name].ask(window, work, seconds * bool(number))
                        found[name] += [rate] if number else []
                yield window, work, {name: rates for name, rates in found.items() if rates}
        for one in children.values():
            one.end()


def compare(options):
    """Rows of `table.py`: batches of 100 windows of 100 bp."""
    peers = {"inference": "onnxruntime", "training": "torch"}
    missing = [name for name in peers.values() if not installed([name])]
    if missing:
        yield Row("bigru_multitask", "", [], f"missing: {', '.join(missing)}")
        return
    names, unit = (*installed(), *PEERS), "examples/s"
    for _, work, found in measured(names, [100], WORK, options.rounds, options.seconds):
        peer = versions([peers[work]]) + ", nn.GRU in a loop" * (work == "training")
        theirs = found["onnxruntime" if work == "inference" else "torch loop"]
        for name in installed():
            what = f"bigru_multitask, 100 bp, {work}, {name}"
            yield Row(what, unit, found[name], peer, theirs, "matrix products", found["bound"])


def environment(name, graphs):
    backend = name.removeprefix(STOCK)
    threads = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return {
        **dict.fromkeys(threads, "1"),
        "KERAS_BACKEND": backend if backend in BACKENDS else "torch",
        "GRAPHS": json.dumps(graphs),
    }


def exported(folder, windows):
    """Files of the network for ONNX Runtime."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    code = (
        "import sys, genome_keras\n"
        "from genome_keras.sharing.pretrained import save_pretrained\n"
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

    def reply(window, work, seconds):
        codes, labels = problem(window)
        done, started = 0, time.process_time()
        while not done or time.process_time() - started < seconds:
            step(work, codes, labels)
            done += len(codes)
        return done / (time.process_time() - started)

    answer(reply)


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
    print(versions(VERSIONS))
    print(f"median of {rounds} rounds (lowest-highest)\n")
    print("| bp | work | contender | examples/CPU-s | of onnxruntime | of torch loop | of bound |")
    print("|---:|---|---|---:|---:|---:|---:|", flush=True)


def report(window, work, found):
    for name, rates in found.items():
        cells = [
            f"{statistics.median(ratios(rates, found[peer])):.2f}" if peer in found else "-"
            for peer in PEERS
        ]
        print(
            "| " + " | ".join([str(window), work, name, spread(rates), *cells]) + " |", flush=True
        )


if __name__ == "__main__":
    main()
