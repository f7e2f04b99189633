"""One table: genome_keras beside its peers, and beside what bounds it.

    OMP_NUM_THREADS=1 python benchmarks/table.py [--rows NAME ...] [--data DIR] [--peers WHERE]
        [--networks NAME ...]

The quick form of each benchmark that has a peer, a bound or a goal. Numbers are of processor
time, of one thread: medians of the rounds, in which all took turns. "ratio" is how many times as
fast as the peer, "of the bound" the share of it that is reached, both with the lowest and highest
round. DIR has the real genomes and peaks; WHERE is the Python of an environment with tangermeme
and selene_sdk and all that genome_keras needs, or a folder of packages that this Python lacks
(`pip install --target FOLDER --no-deps tangermeme`). What is not at hand gets a row that says so.
`--networks` takes some of those of the rows `networks`, of which each lasts minutes.
Rates of one machine do not compare with those of another: the first line says which it was.
"""

import argparse
import importlib
import os
import platform
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from gpu import cpu
from networks import TRAINED
from turns import installed, ratios, spread, versions

if installed(["jax"]):  # starts sooner than TensorFlow
    os.environ.setdefault("KERAS_BACKEND", "jax")

PARTS = (
    *("waits", "changes", "networks", "sizes", "gpu"),  # what a person waits for
    *("recurrent", "predict", "variants", "scores", "build", "loader", "startup"),
)
OURS = ("keras", "tensorflow", "jax", "torch", "onnxruntime", "numpy")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", nargs="+", default=PARTS, choices=PARTS, metavar="NAME")
    parser.add_argument("--data", type=Path, help="folder of the real data sets")
    parser.add_argument("--peers", default=sys.executable, help="Python, or folder, of the peers")
    parser.add_argument("--weights", default="bigru_multitask.human_chromatin.v2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", nargs="+", default=tuple(TRAINED), choices=TRAINED)
    parser.add_argument(
        "--seconds", type=float, default=0.3, help="of a round of `recurrent` and `networks`"
    )
    options = parser.parse_args()
    if Path(options.peers).is_dir():
        path = [options.peers, os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        options.peers = sys.executable
    print(f"{machine()}, one thread, Python {platform.python_version()}, {versions(OURS)}\n")
    print("| what | ours | peer | ratio (lowest-highest) | of the bound | goal |")
    print("|---|---:|---|---|---|---|")
    for name in options.rows:
        started = time.perf_counter()
        try:
            for row in importlib.import_module(name).compare(options):
                print(line(row), flush=True)
        except (Exception, SystemExit) as error:  # the other parts still have something to say
            told = f"{type(error).__name__}: {error}".partition("\n")[0].replace("|", "/")
            print(f"| {name} | - | failed: {told[:120]} | - | - | - |", flush=True)
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)


def line(row):
    """A row of the table, from a `turns.Row`."""
    ours = f"{number(row.ours)} {row.unit}" if row.ours else "-"
    peer = f"{row.peer}: {number(row.theirs)}" if row.theirs else row.peer
    told = [times(row.unit, row.ours, of) for of in (row.theirs, row.bound)]
    told[1] += f" of {row.limit}" if row.bound else ""
    return "| " + " | ".join([row.what, ours, peer, *told, row.goal]) + " |"


def machine():
    """The processor, and whether it has AVX-512, with which rates are others."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text().partition("flags")[2].split("\n")[0].split())
    except OSError:
        return cpu()
    kinds = {"avx512f": "AVX-512", "avx2": "AVX2"}
    found = next((told for flag, told in kinds.items() if flag in flags), None)
    return f"{cpu()} with {found}" if found else cpu()


def times(unit, ours, others):
    """How many times as fast as the others."""
    if not ours or not others:
        return "-"
    found = ratios(others, ours) if unit == "s" else ratios(ours, others)
    return spread(found, "{:.2f}" if statistics.median(found) < 10 else "{:.0f}")


def number(values):
    middle = statistics.median(values)
    return f"{middle:,.0f}" if middle >= 100 else f"{middle:.3g}"


if __name__ == "__main__":
    main()
