"""What a person waits for: commands by default as a whole, and one of a thing beside its passes.

    OMP_NUM_THREADS=1 python benchmarks/waits.py

Commands are processes of their own, on files that were read before and without `--weights`:
processor seconds and the largest resident memory; the network is the one that the command says
it took. One sequence, one variant and one mutated window are beside the bare forward passes of
the same model that they need, in one process, in turns.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from turns import Row, ratios, spread

DEMO = Path(__file__).parents[1] / "examples" / "demo.fa"
CODE = """
import resource, sys
from genome_keras.cli import main
status = main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
print(status, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=sys.stderr)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    print("| what | measured | of the bare passes | goal |\n|---|---:|---:|---|")
    for row in compare(parser.parse_args()):
        told = spread(ratios(row.bound, row.ours), "{:.2f}") if row.bound else "-"
        middle = statistics.median(row.ours)
        print(f"| {row.what} | {middle:.3g} {row.unit} | {told} | {row.goal} |", flush=True)


def compare(options):
    """Rows of `table.py`."""
    with tempfile.TemporaryDirectory() as folder:
        yield from commands(Path(folder), options.rounds)
    yield from single(options.rounds)


def commands(folder, rounds):
    genome, short, long, vcf = (folder / name for name in ("g.fa", "s.fa", "w.fa", "v.vcf"))
    letters = "".join(np.random.default_rng(0).choice(list("ACGT"), 64_000))
    genome.write_text(f">g\n{letters}\n")
    short.write_text(f">s\n{letters[:200]}\n")
    long.write_text(f">l\n{letters[:1000]}\n")
    alt = "ACGT".replace(letters[999], "")[0]
    fields = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
    record = ("g", "1000", ".", letters[999], alt, ".", ".", ".")
    lines = ["##fileformat=VCFv4.2", "\t".join(fields), "\t".join(record)]
    vcf.write_text("\n".join(lines) + "\n")
    for what, arguments, goal in (
        ("`predict` of five windows of 200 bp", ["predict", DEMO], "< 1.5 s, < 150 MB"),
        ("`predict` of 64 windows of 1000 bp", ["predict", genome], "-"),
        ("`variants` of one SNV", ["variants", vcf, "--genome", genome], "-"),
        ("`ism` of one window of 200 bp", ["ism", short], "-"),
        ("`ism` of one window of 1000 bp", ["ism", long], "-"),
    ):
        arguments = [*map(str, arguments), "--out", str(folder / "out.tsv")]
        runs = [whole(arguments) for _ in range(rounds)]
        seconds, megabytes, (weights, *_) = zip(*runs, strict=True)
        named = f"{what}, by default ({weights}), {statistics.median(megabytes):.0f} MB"
        yield Row(named, "s", list(seconds), "-", goal=goal)


def whole(arguments):
    """Processor seconds and MB of a command, and the checkpoint that it says it took."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("KERAS_BACKEND", None)  # as for a person, who has set nothing
    command = [sys.executable, "-c", CODE, *arguments]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    status, seconds, megabytes = done.stderr.splitlines()[-1].split()
    if status != "0":
        raise RuntimeError(f"{arguments[0]} ended with status {status}")
    weights = re.search("weights (.+), the default for", done.stderr)[1]
    return float(seconds), float(megabytes), weights


def single(rounds):
    """One sequence, one variant, one mutated window, and the passes that they are."""
    from genome_keras.scoring.model_in_use import model_in_use
    from genome_keras.weights.resolve import default_for

    for length in (1000, 200):
        weights = default_for(length)
        scorer = model_in_use(weights, engine="onnx").scorer
        ways = one_sequence(scorer)
        if length == 200:
            ways += (one_window(scorer),)
        for what, ours, bare, times in ways:
            mine, passes = beside((ours, bare), rounds, times)
            told, goal = f"{what}, {weights}", ">= 0.91: 1.1 x the bare passes"
            yield Row(told, "s", mine, "-", (), "the bare passes", passes, goal)


def one_sequence(scorer):
    """What it is, ours, the bare passes, and how often; of a variant too."""
    model, draw = scorer.model.predict_on_batch, np.random.default_rng(0)
    one = draw.integers(0, 4, (1, scorer.window), dtype=np.uint8)
    two = np.repeat(one, 2, 0)
    two[1, scorer.window // 2] = (two[0, scorer.window // 2] + 1) % 4
    return (
        ("one sequence, one pass", lambda: scorer.scores(one), lambda: model(one), 20),
        ("one variant, 2 passes", lambda: scorer.scores(two, alike=True), lambda: model(two), 20),
    )


def one_window(scorer):
    from genome_keras.interpret import Mutagenesis

    model, draw = scorer.model.predict_on_batch, np.random.default_rng(0)
    one = draw.integers(0, 4, (1, scorer.window), dtype=np.uint8)
    count, change = 3 * scorer.window + 1, Mutagenesis(scorer)
    half = draw.integers(0, 4, ((count + 1) // 2, scorer.window), dtype=np.uint8)
    bare = lambda: (model(half), model(half))  # noqa: E731
    return f"one ISM window, {count} passes", lambda: change(one), bare, 1


def beside(ways, rounds, times=1):
    """Processor seconds of each round of each way; they take turns."""
    found = [[] for _ in ways]
    for number in range(rounds + 1):
        for way, kept in zip(ways, found, strict=True):
            begin = time.process_time()
            for _ in range(times):
                way()
            if number:
                kept.append((time.process_time() - begin) / times)
    return found


if __name__ == "__main__":
    main()
