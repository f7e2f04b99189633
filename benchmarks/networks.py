"""Convolutional networks: training beside plain torch, inference beside torch's own graph.

    OMP_NUM_THREADS=1 python benchmarks/networks.py [--networks NAME ...] [--rounds 3]

Examples per second of processor time, of one thread. Every contender is a process of its own;
they take turns. Plain torch is the same network by hand (`networks_torch.py`), with the same
batch, loss and optimizer. Inference is by the graph of a published checkpoint, whose sizes the
others have: ours, ONNX Runtime on the graph that torch exports, and plain torch. Networks without
a published checkpoint have the sizes that they are trained with, and no graph.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from turns import BACKENDS, Child, EndedError, Row, answer, installed, ratios, spread, versions

# Batch and sizes in training; of the others factory and plain network have the same defaults.
TRAINED = {
    "conv_bigru": (64, {"window": 100, "tasks": 192}),
    "basset": (64, {"window": 600, "tasks": 164}),
    "danq": (32, {"window": 1000, "tasks": 919}),
    "deepsea": (16, {"window": 1000, "tasks": 919}),
}
SCORED = {
    "basset": "basset.human_chromatin_1000bp.v1",
    "conv_bigru": "conv_bigru.human_chromatin.v1",
}
BATCH = 64  # in inference
PLAIN, GRAPH, OURS = "plain torch", "torch's graph", "onnx"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--networks", nargs="+", default=tuple(TRAINED), choices=TRAINED)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1, help="of a round, at least")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child)
    print("| what | ours, examples/s | peer | ratio |\n|---|---:|---|---|")
    for row in compare(options):
        told = spread(ratios(row.ours, row.theirs), "{:.2f}") if row.theirs else "-"
        ours, theirs = (statistics.median(each) if each else 0 for each in (row.ours, row.theirs))
        print(f"| {row.what} | {ours:,.0f} | {row.peer}: {theirs:,.0f} | {told} |", flush=True)


def compare(options):
    """Rows of `table.py`: training on each backend, and inference."""
    if not installed(["torch"]):
        yield Row("training beside plain torch", "", [], "missing: torch")
        return
    plain, unit = versions(["torch"]), "examples/s"
    networks = getattr(options, "networks", TRAINED)
    for name in networks:
        rates = turns(name, "training", (*installed(), PLAIN), options)
        for backend in installed():
            goal = ">= 1.0 on the default, >= 1.2 on the best"
            peer = f"{plain}, plain"
            what = f"{name}, training, {backend}"
            yield Row(what, unit, rates[backend], peer, rates[PLAIN], goal=goal)
    for name in networks:
        graphs = (OURS, *((GRAPH,) if installed(["onnx"]) else ())) if name in SCORED else ()
        rates = turns(name, "inference", (*graphs, "torch", PLAIN), options)
        if graphs:
            told = f"{versions(['onnxruntime'])}, {GRAPH}" if GRAPH in graphs else "missing: onnx"
            what = f"{name}, inference, {OURS}"
            yield Row(what, unit, rates[OURS], told, rates.get(GRAPH, ()), goal=">= 1.0")
        peer = f"{plain}, plain"
        yield Row(
            f"{name}, inference, torch", unit, rates["torch"], peer, rates[PLAIN], goal=">= 1.0"
        )


def turns(network, work, names, options):
    """Rates of the rounds of each contender; none of one that failed."""
    children = {name: Child(__file__, name, environment(name)) for name in names}
    rates = {name: [] for name in names}
    for number in range(options.rounds + 1):  # the first one compiles
        for name in names:
            try:
                rate = children[name].ask(network, work, options.seconds * bool(number))
            except EndedError:
                continue
            rates[name] += [rate] if number else []
    for one in children.values():
        one.end()
    return rates


def environment(name):
    threads = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    backend = name if name in BACKENDS else "torch"
    return {**dict.fromkeys(threads, "1"), "KERAS_BACKEND": backend}


def child(name):
    """Answers [network, work, seconds] with examples per processor second."""
    steps = {}

    def reply(network, work, seconds):
        if (network, work) not in steps:
            steps[network, work] = (training if work == "training" else inference)(name, network)
        step, batch = steps[network, work]
        done, started = 0, time.process_time()
        while not done or time.process_time() - started < seconds:
            step()
            done += batch
        return done / (time.process_time() - started)

    answer(reply)


def training(name, network):
    batch, sizes = TRAINED[network]
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 4, (batch, sizes["window"]), dtype=np.uint8)
    labels = draw.integers(0, 2, (batch, sizes["tasks"])).astype(np.float32)
    if name == PLAIN:
        trainer = plain(network, sizes)
        return lambda: trainer.train(codes, labels).item(), batch
    import genome_keras

    model = getattr(genome_keras, network)(**sizes)
    return lambda: model.train_on_batch(codes, labels), batch


def inference(name, network):
    import genome_keras
    from genome_keras.scoring.model_in_use import model_in_use

    published, arguments = SCORED.get(network), TRAINED[network][1]
    if name in (OURS, "torch"):
        model = published or getattr(genome_keras, network)(**arguments)
        use = model_in_use(model, engine="onnx" if name == OURS else "keras")
        scorer, codes = use.scorer, some_codes(use.window)
        return lambda: scorer.scores(codes), BATCH
    if published:
        arguments = model_in_use(published).checkpoint.arguments
    trainer, codes = plain(network, arguments), some_codes(arguments["window"])
    if name == PLAIN:
        return lambda: trainer.predict(codes), BATCH
    session = exported(trainer.network, codes)
    return lambda: session(codes), BATCH


def some_codes(window):
    return np.random.default_rng(0).integers(0, 4, (BATCH, window), dtype=np.uint8)


def plain(network, arguments):
    import torch

    from networks_torch import NETWORKS, Trainer

    torch.set_num_threads(1)
    left_out = ("learning_rate", "padding")
    sizes = {name: value for name, value in arguments.items() if name not in left_out}
    return Trainer(NETWORKS[network](**sizes))


def exported(network, codes):
    """ONNX Runtime on what torch makes of a network."""
    import warnings

    import torch

    from genome_keras.scoring.onnx import onnx_session

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder, "x.onnx")
        network.eval()
        how = {"input_names": ["codes"], "dynamo": False, "opset_version": 17}
        given = (torch.from_numpy(codes),)
        torch.onnx.export(network, given, str(path), **how)
        return onnx_session(path, threads=1)


if __name__ == "__main__":
    main()
