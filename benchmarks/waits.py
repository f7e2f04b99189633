"""What a person waits for: commands by default as a whole, and one of a thing beside its passes.

    OMP_NUM_THREADS=1 python benchmarks/waits.py

Commands are processes of their own, on files that were read before: processor seconds and the
largest resident memory. One sequence, one variant and one mutated window are beside the bare
forward passes of the same model that they need, in one process, in turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from turns import Row, ratios, spread

WEIGHTS = "bigru_multitask.human_chromatin.v2"
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
    genome, window, vcf = folder / "g.fa", folder / "w.fa", folder / "v.vcf"
    draw = np.random.default_rng(0)
    letters = "".join(draw.choice(list("ACGT"), 2000))
    genome.write_text(f">g\n{letters}\n")
    window.write_text(f">w\n{letters[:100]}\n")
    alt = "ACGT".replace(letters[999], "")[0]
    fields = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
    record = ("g", "1000", ".", letters[999], alt, ".", ".", ".")
    lines = ["##fileformat=VCFv4.2", "\t".join(fields), "\t".join(record)]
    vcf.write_text("\n".join(lines) + "\n")
    weights = ["--weights", WEIGHTS]
    for what, arguments, goal in (
        ("`predict` of ten windows", ["predict", DEMO, *weights], "< 1.5 s, < 150 MB"),
        ("`variants` of one SNV", ["variants", vcf, "--genome", genome, *weights], "-"),
        ("`ism` of one window", ["ism", window, *weights], "-"),
    ):
        arguments = [*map(str, arguments), "--out", str(folder / "out.tsv")]
        seconds, megabytes = zip(*(whole(arguments) for _ in range(rounds)), strict=True)
        named = f"{what}, by default, {statistics.median(megabytes):.0f} MB"
        yield Row(named, "s", list(seconds), "-", goal=goal)


def whole(arguments):
    """Processor seconds and MB of a command."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("KERAS_BACKEND", None)  # as for a person, who has set nothing
    command = [sys.executable, "-c", CODE, *arguments]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    status, seconds, megabytes = done.stderr.splitlines()[-1].split()
    if status != "0":
        raise RuntimeError(f"{arguments[0]} ended with status {status}")
    return float(seconds), float(megabytes)


def single(rounds):
    """One sequence, one variant, one mutated window, and the passes that they are."""
    from genome_keras.interpret import Mutagenesis
    from genome_keras.scoring.model_in_use import model_in_use

    scorer = model_in_use(WEIGHTS, engine="onnx").scorer
    model = scorer.model.predict_on_batch
    draw = np.random.default_rng(0)
    one = draw.integers(0, 4, (1, scorer.window), dtype=np.uint8)
    two = np.repeat(one, 2, 0)
    two[1, scorer.window // 2] = (two[0, scorer.window // 2] + 1) % 4
    count = 3 * scorer.window + 1
    half = draw.integers(0, 4, ((count + 1) // 2, scorer.window), dtype=np.uint8)
    change = Mutagenesis(scorer)
    for what, ours, bare, times in (
        ("one sequence, one pass", lambda: scorer.scores(one), lambda: model(one), 50),
        ("one variant, 2 passes", lambda: scorer.scores(two, alike=True), lambda: model(two), 50),
        (
            f"one ISM window, {count} passes",
            lambda: change(one),
            lambda: (model(half), model(half)),
            1,
        ),
    ):
        mine, passes = beside((ours, bare), rounds, times)
        goal = ">= 0.91: 1.1 x the bare passes"
        yield Row(what, "s", mine, "-", (), "the bare passes", passes, goal)


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
