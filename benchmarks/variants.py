"""Variants and mutated windows per second, beside tangermeme and a plain loop.

    python benchmarks/variants.py [--weights NAME] [--variants N] [--windows N]

Every way drives the same checkpoint. Rates are per second of this process's own CPU
time, the best of --repeats; run it with OMP_NUM_THREADS=1 on one core. tangermeme needs
torch and gets its windows ready-made, genome_keras reads them from a genome. The plain
loop scores two windows a variant, and one a substitution, one at a time. Each backend
runs in a process of its own; the numbers of all ways are compared before they are told.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BACKENDS = ("torch", "jax", "tensorflow")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--weights", default="bigru_multitask.human_chromatin.v1")
    parser.add_argument("--variants", type=int, default=512)
    parser.add_argument("--windows", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--backends", nargs="+", default=BACKENDS, choices=BACKENDS)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options)))
        return
    rows = []
    for backend in options.backends:
        command = [sys.executable, __file__, "--measure", *sys.argv[1:]]
        env = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        rows += [(what, f"{way}, {backend}", rate) for what, way, rate in found]
    plain = {}
    for what, way, rate in rows:
        if way.startswith("plain loop"):
            plain.setdefault(what, rate)
    print(f"{options.weights}\n\n| what | way | per CPU second | times the plain loop |")
    print("|---|---|---:|---:|")
    for what, way, rate in sorted(rows, key=lambda row: row[0]):
        print(f"| {what} | {way} | {rate:.3g} | {rate / plain[what]:.2f} |")


def measure(options):
    """Rates of every way on this process's backend."""
    import keras

    from genome_keras import tokens
    from genome_keras.genome import Variant
    from genome_keras.interpret import Mutagenesis
    from genome_keras.io.reference import open_genome
    from genome_keras.scorer import open_scorer
    from genome_keras.variants import score
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
            ways = {
                ("variants", "genome_keras"): (
                    lambda: score(every, genome, scorer).diff,
                    len(every),
                ),
                ("variants", "plain loop"): (
                    lambda: plain_variants(model, ref[:64], alt[:64]),
                    64,
                ),
            }
            for reuse in (True, False):
                change = Mutagenesis(scorer, reuse=reuse)
                ways["ISM windows", f"genome_keras, {change.way}"] = (
                    lambda change=change: change.scores(codes)[0],
                    one,
                )
            ways["ISM windows", "plain loop"] = lambda: plain_ism(model, codes[:1]), 1
            if keras.backend.backend() == "torch":
                ways |= peer(model, ref, alt, codes, options.batch_size)
            results = {key: _best(*way, options.repeats) for key, way in ways.items()}
    for what in ("variants", "ISM windows"):
        mine = results[what, "genome_keras" if what == "variants" else "genome_keras, full passes"]
        for key, (_, values) in results.items():
            if key[0] == what:
                np.testing.assert_allclose(values, mine[1][: len(values)], atol=1e-5)
    return [(*key, rate) for key, (rate, _) in results.items()]


def _best(way, count, repeats):
    values = way()  # compiles, and fills the caches
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        values = way()
        seconds.append(time.process_time() - begin)
    return count / min(seconds), values


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

    return {
        ("variants", "tangermeme"): (variants, len(ref)),
        ("ISM windows", "tangermeme"): (ism, len(codes)),
    }


if __name__ == "__main__":
    main()
