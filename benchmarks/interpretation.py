"""DeepLIFT/SHAP, mutagenesis and marginalisation per core-second, beside tangermeme.

    OMP_NUM_THREADS=1 python benchmarks/interpretation.py [--backends torch jax] [--rounds N]

A convolutional and a recurrent network of the same sizes with random weights, ours on each
backend in a process of its own, tangermeme's in plain torch beside ours on torch, in turns. Rates
are windows per second of the process's own CPU time, the best of the rounds: of DeepLIFT/SHAP
with 20 shuffles each, of mutagenesis with all substitutions, of marginalisation one motif a
background, so two passes. tangermeme has no DeepLIFT rule for gates: "-".
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

CONVOLUTIONS = {"window": 200, "tasks": 8, "filters": (64, 96, 128), "hidden": 96}
RECURRENCES = {"window": 100, "tasks": 8, "units": 64, "depth": 2}
REFERENCES, MOTIF = 20, "CCACCAGGGGGCGCTA"
COUNTS = {"deep_lift_shap": 4, "ism": 2, "marginalize": 128}


def main(options):
    if options.measure:
        print(json.dumps(measure(options)))
        return
    found = {}
    for backend in options.backends:
        root = str(Path(__file__).parents[1])
        env = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        env["PYTHONPATH"] = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, __file__, "--measure", "--rounds", str(options.rounds)]
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
        for network, work, way, rate in json.loads(done.stdout.splitlines()[-1]):
            found.setdefault((network, work), {})[way] = rate
    ways = list(dict.fromkeys(way for rates in found.values() for way in rates))
    print(f"| network | windows per core-second of | {' | '.join(ways)} |")
    print("|---|---|" + "---:|" * len(ways))
    for (network, work), rates in found.items():
        told = " | ".join(f"{rates[way]:.3g}" if way in rates else "-" for way in ways)
        print(f"| {network} | {work} | {told} |", flush=True)


def measure(options):
    """Rows of (network, work, way, rate) on this process's backend."""
    import keras

    from genome_keras import bigru_multitask, deepsea

    backend = keras.backend.backend()
    random, rows = np.random.default_rng(0), []
    made = {
        "deepsea, 200 bp": lambda: deepsea(**CONVOLUTIONS, seed=0),
        "bigru_multitask, 100 bp": lambda: bigru_multitask(**RECURRENCES, seed=0),
    }
    for name, build in made.items():
        model = build()
        codes = random.integers(0, 4, (COUNTS["marginalize"], model.input_shape[1]), np.uint8)
        ways = {(work, f"ours, {backend}"): way for work, way in ours(model, codes).items()}
        if backend == "torch" and importlib.util.find_spec("tangermeme"):
            told = f"tangermeme {importlib.metadata.version('tangermeme')}"
            ways |= {(work, told): way for work, way in theirs(name, codes).items()}
        for way in ways.values():
            way()  # compiles
        best = dict.fromkeys(ways, 0.0)
        for _ in range(options.rounds):
            for key, way in ways.items():
                started = time.process_time()
                way()
                spent = time.process_time() - started
                best[key] = max(best[key], COUNTS[key[0]] / spent)
        rows += [(name, *key, rate) for key, rate in best.items()]
    return rows


def ours(model, codes):
    """A call of each work."""
    from genome_keras.interpret import Attribution, Mutagenesis, marginalize
    from genome_keras.scoring.scorer import Scorer

    scorer = Scorer(model, batch_size=256)
    lift = Attribution(scorer, tasks=0, method="deep_lift_shap", references=REFERENCES)
    change = Mutagenesis(scorer)
    return {
        "deep_lift_shap": lambda: lift(codes[: COUNTS["deep_lift_shap"]]),
        "ism": lambda: change(codes[: COUNTS["ism"]]),
        "marginalize": lambda: marginalize(scorer, MOTIF, codes).change,
    }


def theirs(name, codes):
    """The same by tangermeme, on a network in plain torch."""
    import torch
    from tangermeme.deep_lift_shap import deep_lift_shap
    from tangermeme.marginalize import marginalize
    from tangermeme.saturation_mutagenesis import saturation_mutagenesis

    convolutional = name.startswith("deepsea")
    network = convolutions(torch) if convolutional else recurrences(torch)
    network.eval()
    given = torch.from_numpy(np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1).copy())
    how = {"batch_size": 256, "device": "cpu"}

    def ism():
        return saturation_mutagenesis(network, given[: COUNTS["ism"]], raw_outputs=True, **how)

    works = {"ism": ism, "marginalize": lambda: marginalize(network, given, MOTIF, **how)}
    if convolutional:
        some = given[: COUNTS["deep_lift_shap"]]
        shuffles = {"n_shuffles": REFERENCES, "random_state": 0}
        works["deep_lift_shap"] = lambda: deep_lift_shap(network, some, **shuffles, **how)
    return works


def convolutions(torch):
    """Our `deepsea` of these sizes; activations are modules, for rules are of modules."""
    before, left, parts = 4, CONVOLUTIONS["window"], []
    for size, pool in zip(CONVOLUTIONS["filters"], (4, 4, 1), strict=True):
        parts += [torch.nn.Conv1d(before, size, 8), torch.nn.ReLU()]
        parts += [torch.nn.MaxPool1d(pool)] if pool > 1 else []
        before, left = size, (left - 7) // pool
    hidden = CONVOLUTIONS["hidden"]
    parts += [torch.nn.Flatten(), torch.nn.Linear(before * left, hidden), torch.nn.ReLU()]
    return torch.nn.Sequential(*parts, torch.nn.Linear(hidden, CONVOLUTIONS["tasks"]))


def recurrences(torch):
    """Our `bigru_multitask` of these sizes."""
    from networks_torch import Bigru

    class OfLetters(Bigru):
        def forward(self, letters):
            x, read = letters.transpose(1, 2), []
            for strand, embed, gru in zip((x, x.flip(1)), self.embeddings, self.grus, strict=True):
                read.append(gru(embed(strand))[0][:, -1])
            return self.head(torch.cat(read, -1))

    return OfLetters(**RECURRENCES)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backends", nargs="+", default=["torch", "jax"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    main(parser.parse_args())
