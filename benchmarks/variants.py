"""Variants and mutated windows per second, beside tangermeme and a plain loop.

    python benchmarks/variants.py [--weights NAME] [--variants N] [--windows N]

Every way drives the same checkpoint. Rates are per second of this process's own CPU
time, the best of --repeats; run it with OMP_NUM_THREADS=1 on one core. tangermeme needs
torch and gets its windows ready-made, genome_keras reads them from a genome; "model alone"
is windows per second of the model, with nothing around it. The plain loop scores two
windows a variant, and one a substitution, one at a time. Each backend runs in a process of
its own; the numbers of all ways are compared before they are told.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from turns import BACKENDS, Row, installed


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--weights", default="bigru_multitask.human_chromatin.v1")
    parser.add_argument("--variants", type=int, default=512)
    parser.add_argument("--windows", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--backends", nargs="+", default=BACKENDS, choices=BACKENDS)
    parser.add_argument("--short", action="store_true", help="the default way and tangermeme")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options)))
        return
    rows = []
    for backend in options.backends:
        for what, way, rates in measured_by(backend, *sys.argv[1:]):
            rows.append((what, f"{way}, {backend}", max(rates)))
    plain = {}
    for what, way, rate in rows:
        if way.startswith("plain loop"):
            plain.setdefault(what, rate)
    print(f"{options.weights}\n\n| what | way | per CPU second | times the plain loop |")
    print("|---|---|---:|---:|")
    for what, way, rate in sorted(rows, key=lambda row: row[0]):
        told = f"{rate / plain[what]:.2f}" if what in plain else "-"
        print(f"| {what} | {way} | {rate:.3g} | {told} |")


def measured_by(backend, *arguments, python=sys.executable):
    """What `measure` gives, in a process of its own."""
    root = str(Path(__file__).parents[1])
    env = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": root}
    command = [python, __file__, "--measure", *arguments]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def compare(options):
    """Rows of `table.py`: 128 variants, and 4 windows for mutagenesis."""
    arguments = ["--weights", options.weights, "--variants", "128", "--windows", "4"]
    arguments += ["--repeats", str(options.rounds), "--short"]
    peers = {"variants": (), "ISM windows": ()}
    for backend in installed(["torch", "jax"]):  # tangermeme needs the first
        python = options.peers if backend == "torch" else sys.executable
        found = {}
        for what, way, rates in measured_by(backend, *arguments, python=python):
            if way.startswith("tangermeme"):
                peers[what], peer = rates, way
            elif what != "windows":
                found[what] = rates
            else:
                found[way] = rates
        for what, passes in (("variants", 2), ("ISM windows", 3 * 100 + 1)):
            bound = [rate / passes for rate in found["model alone"]]
            told = f"{peer}, torch" if peers[what] else "missing: tangermeme"
            limit = "full passes of the model"
            yield Row(
                f"{what}, {backend}", f"{what}/s", found[what], told, peers[what], limit, bound
            )


def measure(options):
    """Rates of every way on this process's backend."""
    import keras

    from genome_keras import open_scorer, tokens
    from genome_keras.genome import Variant
    from genome_keras.interpret import Mutagenesis
    from genome_keras.io.reference import open_genome
    from genome_keras.variants.score_variants import score
    from genome_keras.windows import alleles

    scorer = open_scorer(options.weights, batch_size=options.batch_size)
    model, window = scorer.model, scorer.window or 100
    rng = np.random.default_rng(0)
    letters = "".join(rng.choice(list("ACGT"), 200_000))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "g.fa")
        path.write_text(f">g\n{letters}\n")
        places = np.sort(rng.choice(len(letters) - 2 * window, options.variants)) + window
        every = []
        for place in places.tolist():
            alt = "ACGT".replace(letters[place], "")[place % 3]
            every.append(Variant("g", place + 1, letters[place], alt))
        with open_genome(path) as genome:
            pairs = [alleles(variant, genome, window=window)[:2] for variant in every]
            ref, alt = (tokens(list(of)) for of in zip(*pairs, strict=True))
            codes = ref[: options.windows]
            one = options.windows
            batch = np.concatenate([ref, alt])[: options.batch_size]
            ways = {
                ("variants", "genome_keras"): (
                    lambda: score(every, genome, scorer).diff,
                    len(every),
                ),
                ("windows", "model alone"): (lambda: model.predict_on_batch(batch), len(batch)),
            }
            for reuse in (None,) if options.short else (True, False):
                change = Mutagenesis(scorer, reuse=reuse)
                ways["ISM windows", f"genome_keras, {change.way}"] = (
                    lambda change=change: change.scores(codes)[0],
                    one,
                )
            if not options.short:
                ways["variants", "plain loop"] = (
                    lambda: plain_variants(model, ref[:64], alt[:64]),
                    64,
                )
                ways["ISM windows", "plain loop"] = lambda: plain_ism(model, codes[:1]), 1
            if keras.backend.backend() == "torch" and importlib.util.find_spec("tangermeme"):
                ways |= peer(model, ref, alt, codes, options.batch_size)
            results = rounds(ways, options.repeats)
    mine = {key[0]: values for key, (_, values) in results.items() if "genome_keras" in key[1]}
    for (what, _), (_, values) in results.items():
        if what in mine:
            np.testing.assert_allclose(values, mine[what][: len(values)], atol=1e-5)
    return [(*key, rates) for key, (rates, _) in results.items()]


def rounds(ways, repeats):
    """Rates of all repeats of each way, and what it gave; the ways take turns."""
    found = {key: ([], way()) for key, (way, _) in ways.items()}  # compiles, fills the caches
    for _ in range(repeats):
        for key, (way, count) in ways.items():
            begin = time.process_time()
            way()
            found[key][0].append(count / (time.process_time() - begin))
    return found


def plain(model, codes):
    """Scores of one window."""
    return np.asarray(model.predict_on_batch(codes[None]))


def plain_variants(model, ref, alt):
    """Effects of variants, one at a time."""
    pairs = zip(ref, alt, strict=True)
    return np.concatenate([plain(model, after) - plain(model, before) for before, after in pairs])


def plain_ism(model, codes):
    """Scores of each substitution of one window, one at a time."""
    every = np.repeat(plain(model, codes[0])[None, None], codes.shape[1] * 4, 1)
    every = every.reshape(1, codes.shape[1], 4, -1)
    for place, own in enumerate(codes[0]):
        for letter in set(range(4)) - {int(own)}:
            changed = codes[0].copy()
            changed[place] = letter
            every[0, place, letter] = plain(model, changed)
    return every


def peer(model, ref, alt, codes, batch_size):
    """tangermeme's ways, with the Keras model as a torch module."""
    import torch
    from tangermeme.saturation_mutagenesis import saturation_mutagenesis
    from tangermeme.variant_effect import substitution_effect

    class Wrapped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, x):
            return self.model(x.argmax(1).to(torch.uint8), training=False)

    def letters(codes):
        return torch.from_numpy(np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1).copy())

    wrapped, options = Wrapped(), {"batch_size": batch_size, "device": "cpu"}
    windows, some = letters(ref), letters(codes)
    rows, columns = np.nonzero(ref != alt)
    changes = torch.from_numpy(np.stack([rows, columns, alt[rows, columns]], 1))

    def variants():
        before, after = substitution_effect(wrapped, windows, changes, **options)
        return (after - before).numpy()

    def ism():
        _, every = saturation_mutagenesis(wrapped, some, raw_outputs=True, **options)
        return every.numpy().transpose(0, 2, 1, 3)

    name = f"tangermeme {importlib.metadata.version('tangermeme')}"
    return {
        ("variants", name): (variants, len(ref)),
        ("ISM windows", name): (ism, len(codes)),
    }


if __name__ == "__main__":
    main()
