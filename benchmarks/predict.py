"""`predict` from FASTA to table beside the bare model, its memory, and its cold start.

    python benchmarks/predict.py [rates] [memory] [start] [genome] [--weights NAME...]

rates: windows per second of the model alone (codes in memory, nothing written), and of
`predict_fasta` from FASTA to TSV and to Parquet, in one process; the best of the repeats.
Beside the seconds of the clock there are those of the processor, all threads: on one busy
core nothing can overlap, and they tell what reading and writing add. memory: peak of a
process that scores FASTA of several sizes with a small model. start: one window in a
fresh process (`startup.py` has more of it). genome: what 3 Gb cost, from the rate of a
bigru_multitask of 919 tasks that was not trained, to Parquet. Backend: KERAS_BACKEND; on
one core, with OMP_NUM_THREADS=1.
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

from turns import Row, installed, versions

WEIGHTS = ("bigru_multitask.human_chromatin.v1", "kmer_logreg.human_chromatin.v1")
LINE = 60


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", help="default: all")
    parser.add_argument("--weights", nargs="+", default=WEIGHTS)
    parser.add_argument("--engines", nargs="+", default=("keras", "onnx"))
    parser.add_argument("--seconds", type=float, default=4, help="of the bare model")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--megabases", type=int, nargs="+", default=(10, 100, 1000))
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(options.weights[0], options.engines[0], options, Path(folder))
        return print(json.dumps(found[1]))
    every = ("rates", "memory", "start", "genome")
    if not set(options.parts) <= set(every):
        parser.error(f"parts are {', '.join(every)}")
    parts = options.parts or every
    with tempfile.TemporaryDirectory() as folder:
        if "rates" in parts:
            rates(options, Path(folder))
        if "memory" in parts:
            memory(options, Path(folder))
        if "genome" in parts:
            genome(options, Path(folder))
    if "start" in parts:
        start(options)
    return None


def compare(options):
    """Rows of `table.py`: what reading and writing add to the model, on two engines."""
    backend = "jax" if installed(["jax"]) else "tensorflow"
    engines = {"keras": versions([backend]), "onnx": versions(["onnxruntime"])}
    for engine, version in engines.items():
        what = f"`predict`, FASTA to TSV, {version or engine}"
        if not version:
            yield Row(what, "windows/s", [], "missing: onnxruntime")
            continue
        command = [sys.executable, __file__, "--child", "--weights", options.weights]
        command += ["--engines", engine, "--repeats", str(options.rounds), "--seconds", "1"]
        environment = {**os.environ, "KERAS_BACKEND": backend}
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
        ways = json.loads(done.stdout.splitlines()[-1])
        bound, found = ([of[1] for of in ways[way]] for way in ("model alone", "FASTA to .tsv"))
        yield Row(what, "windows/s", found, "-", (), "the model alone", bound)


def rates(options, folder):
    """Prints windows per second of the bare model and of `predict`."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    print("| checkpoint | engine | way | windows | per clock s | per processor s | of the bare |")
    print("|---|---|---|---:|---:|---:|---:|")
    for weights in options.weights:
        for engine in options.engines:
            name = backend if engine == "keras" else engine
            windows, ways = measure(weights, engine, options, folder)
            ways = {
                name: [max(of) for of in zip(*each, strict=True)] for name, each in ways.items()
            }
            _, best = ways["model alone"]
            for way, (clock, processor) in ways.items():
                ratio = f"{processor / best:.2f}"
                print(
                    f"| {weights} | {name} | {way} | {windows} | {clock:.0f} | {processor:.0f} "
                    f"| {ratio} |",
                    flush=True,
                )


def measure(weights, engine, options, folder):
    """How many windows, and of each way the rates of all repeats: of clock and processor."""
    from genome_keras import predict_fasta, tokens
    from genome_keras.scoring.model_in_use import model_in_use

    use, batch = model_in_use(weights, engine=engine), 256
    window, scores_of = use.window_of_tasks(), use.scorer.scores
    rng = np.random.default_rng(0)
    some = rng.integers(0, 4, (batch, window), dtype=np.uint8)
    scores_of(some)  # compiles
    begin = time.perf_counter()
    scores_of(some)
    count = max(4, int(options.seconds / (time.perf_counter() - begin))) * batch
    path = fasta(folder / "rates.fa", count * window, rng)
    letters = "".join(line.strip() for line in path.read_text().splitlines()[1:])
    codes = tokens([letters[at : at + window] for at in range(0, count * window, window)])

    def bare():
        for first in range(0, count, batch):
            scores_of(codes[first : first + batch])

    def whole(suffix):
        # The model at hand: its loading is not what is compared.
        predict_fasta(path, folder / f"o{suffix}", weights=use)

    ways = {"model alone": bare}
    ways |= {f"FASTA to {suffix}": lambda s=suffix: whole(s) for suffix in (".tsv", ".parquet")}
    rates = {name: [] for name in ways}
    for _ in range(options.repeats):
        for name, way in ways.items():
            rates[name].append(timed(way, count))
    return count, rates


def timed(way, count):
    """Rates per second of the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    way()
    return count / (time.perf_counter() - clock), count / (time.process_time() - processor)


def memory(options, folder):
    """Prints peak memory for FASTA of several sizes; one record, windows of 1000 bp."""
    saved = folder / "small"
    code = (
        "import sys, genome_keras as g; g.save_pretrained(g.kmer_logreg("
        "window=1000, tasks=2, k=(1,)), sys.argv[1], tasks=['a', 'b'])"
    )
    subprocess.run([sys.executable, "-c", code, str(saved)], check=True)
    print(
        "\n| FASTA, Mb | windows | peak MiB | processor s | ratio of memory |\n"
        "|---|---:|---:|---:|---:|"
    )
    code = (
        "import json, resource, sys, time\nfrom genome_keras.scoring.predict import predict_fasta\n"
        "done = predict_fasta(sys.argv[1], sys.argv[2], weights=sys.argv[3])\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "print(json.dumps([done.windows, peak, time.process_time()]))"
    )
    smallest = None
    for megabases in options.megabases:
        path = fasta(folder / "big.fa", megabases * 10**6, np.random.default_rng(1))
        command = [sys.executable, "-c", code, str(path), str(folder / "o.tsv"), str(saved)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        windows, peak, seconds = json.loads(done.stdout.splitlines()[-1])
        smallest = smallest or peak
        print(f"| {megabases} | {windows} | {peak:.0f} | {seconds:.1f} | {peak / smallest:.2f} |")
        path.unlink()


def genome(options, folder):
    """Prints core-hours and size of the output for every window of 3 Gb."""
    import genome_keras

    window, tasks, bases = 100, 919, 3.1e9
    model = genome_keras.bigru_multitask(window=window, tasks=tasks, seed=0)
    names = [f"task_{task}" for task in range(tasks)]
    saved = genome_keras.save_pretrained(model, folder / "whole", tasks=names)
    print("\n| engine | windows per processor s | stride, bp | windows | core-hours | TB |")
    print("|---|---:|---:|---:|---:|---:|")
    for engine in options.engines:
        count, ways = measure(saved, engine, options, folder)
        rate = max(processor for _, processor in ways["FASTA to .parquet"])
        size = (folder / "o.parquet").stat().st_size / count
        for stride in (window, 2 * window):
            windows = bases / stride
            hours, terabytes = windows / rate / 3600, windows * size / 1e12
            told = f"{rate:.0f} | {stride} | {windows:.3g} | {hours:.1f} | {terabytes:.3f}"
            print(f"| {engine} | {told} |", flush=True)


def fasta(path, bases, rng):
    """Writes one record of random letters, in lines of 60."""
    lines = 10_000
    with open(path, "wb") as file:
        file.write(b">x\n")
        while bases >= LINE:
            n = min(lines, bases // LINE)
            block = np.full((n, LINE + 1), 10, np.uint8)
            block[:, :LINE] = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, (n, LINE))]
            file.write(block.tobytes())
            bases -= n * LINE
        if bases:
            file.write(b"A" * bases + b"\n")
    return path


def start(options):
    """Prints seconds to the first row in a fresh process."""
    from startup import BACKENDS, first_rows

    print("\n| first row, fresh process | processor s | clock s |\n|---|---:|---:|")
    for name, (processor, clock) in first_rows(options.weights[0], BACKENDS, 1):
        print(f"| {name} | {processor:.1f} | {clock:.1f} |", flush=True)


if __name__ == "__main__":
    main()
