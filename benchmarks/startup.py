"""Start-up: what importing costs, and how long the first row of a table takes.

    python benchmarks/startup.py [--repeats 3] [--backends tensorflow jax torch]

Each line is a process of its own, on files that were read before; the smallest of the
repeats. Processor seconds are those of all its threads: on a busy machine look at them.
"over Python" is without the interpreter's own start.
"""

import argparse
import importlib.metadata
import importlib.util
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from turns import BACKENDS, Row, installed, versions

PACKAGES = {
    "numpy": "numpy",
    "h5py": "h5py",
    "scipy.stats": "scipy",
    "sklearn.linear_model": "scikit-learn",
    "huggingface_hub": "huggingface-hub",
    "tqdm": "tqdm",
    "onnxruntime": "onnxruntime",
    "pyarrow.parquet": "pyarrow",
    "matplotlib.pyplot": "matplotlib",
    "pandas": "pandas",
    "tensorflow": "tensorflow",
    "jax": "jax",
    "torch": "torch",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--backends", nargs="+", default=BACKENDS, choices=BACKENDS)
    parser.add_argument("--weights", default="bigru_multitask.human_chromatin.v1")
    options = parser.parse_args()
    again = options.repeats
    base = cost(["-c", "pass"], again)
    print(
        "| what | processor s | clock s | processor s over Python | goal |\n"
        "|---|---:|---:|---:|---|"
    )
    show("python -c pass", base, base)
    show("import genome_keras", cost(["-c", "import genome_keras"], again), base, "< 0.1 over")
    show("genome-keras --help", cost(["-m", "genome_keras", "--help"], again), base, "< 0.3")
    code = "from genome_keras import tokens; tokens(['ACGT'])"
    show("encode a sequence", cost(["-c", code], again), base)
    for module, package in PACKAGES.items():
        if importlib.util.find_spec(module.partition(".")[0]) and module not in (
            set(BACKENDS) - set(options.backends)
        ):
            version = importlib.metadata.version(package)
            show(f"import {module} ({version})", cost(["-c", f"import {module}"], again), base)
    for backend in options.backends:
        found = cost(["-c", "import keras"], again, backend)
        show(f"import keras ({importlib.metadata.version('keras')}), {backend}", found, base)
    for name, found in first_rows(options.weights, options.backends, again):
        show(f"first row of predict, {name}", found, base)
    print("\nSlowest imports of `import keras`, themselves, ms:\n")
    for backend in options.backends:
        slow = ", ".join(f"{name} {ms:.0f}" for name, ms in slowest("import keras", backend))
        print(f"- {backend}: {slow}")


def show(what, found, base, goal=""):
    processor, clock = found
    over = processor - base[0]
    print(f"| {what} | {processor:.2f} | {clock:.2f} | {over:.2f} | {goal} |", flush=True)


def cost(arguments, repeats, backend=None, **more):
    """Smallest processor and clock seconds of a Python process."""
    return tuple(min(of) for of in zip(*costs(arguments, repeats, backend, **more), strict=True))


def costs(arguments, repeats, backend=None, **more):
    """Processor and clock seconds of a Python process, of each repeat."""
    environment = {**os.environ, **more, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment |= {"KERAS_BACKEND": backend} if backend else {}
    times = []
    for _ in range(repeats):
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            [sys.executable, *arguments], env=environment, check=True, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        times.append((processor, time.perf_counter() - begin))
    return times


def compare(options):
    """Rows of `table.py`: the start of the command, and of its first row, on one backend."""
    backend = "jax" if installed(["jax"]) else "tensorflow"

    def seconds(*arguments, **more):
        return [processor for processor, _ in costs(arguments, options.rounds, backend, **more)]

    keras, peer = seconds("-c", "import keras"), f"`import {versions(['keras'])}`, {backend}"
    begun = seconds("-c", "pass")
    yield Row(
        "`genome-keras --help`",
        "s",
        seconds("-m", "genome_keras", "--help"),
        peer,
        keras,
        "starting Python",
        begun,
    )
    with tempfile.TemporaryDirectory() as folder:
        command = one_window(Path(folder), options.weights)
        found = seconds(*command, "--engine", "keras")
        yield Row(f"first row of `predict`, {backend}", "s", found, peer, keras)
        limit, found = seconds("-c", "import onnxruntime"), seconds(*command)
        what = "first row of `predict`, the default (goal: 1.5 s)"
        yield Row(what, "s", found, peer, keras, "`import onnxruntime`", limit)


def one_window(folder, weights):
    """The command that scores one window, which it writes."""
    path = folder / "x.fa"
    path.write_text(">x\n" + "ACGT" * 500 + "\n")
    command = ["-m", "genome_keras", "predict", str(path), "--weights", weights]
    return [*command, "--stride", "2000", "--batch-size", "1"]


def first_rows(weights, backends, repeats):
    """Name and seconds of `predict` of one window, by default and by each backend."""
    with tempfile.TemporaryDirectory() as folder:
        command = one_window(Path(folder), weights)
        yield "the default", cost(command, repeats)
        for backend in backends:
            yield backend, cost([*command, "--engine", "keras"], repeats, backend)


def slowest(code, backend, count=6):
    """Names and milliseconds of the top-level packages whose modules take longest."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=True,
        capture_output=True,
        text=True,
    )
    sums = {}
    for own, name in re.findall(r"import time: +(\d+) \| +\d+ \| +(\S+)", done.stderr):
        top = name.partition(".")[0]
        sums[top] = sums.get(top, 0) + int(own) / 1000
    return sorted(sums.items(), key=lambda item: -item[1])[:count]


if __name__ == "__main__":
    main()
