"""Examples per second from files in the layout of the DeepSEA bundle.

    python benchmarks/loader.py [--examples 1000000] [--folder DIR] [--peers PYTHON]

Writes synthetic windows of 1000 bp with 919 tasks to a folder that is removed in the end,
then reads one epoch in shuffled order, each reader in a process of its own: cold (the
kernel is asked to forget the file) and warm. "memory" is the highest resident memory of
the process, "without data" that after its imports. Readers of others are stopped
after `--seconds`, and so is the training of the models here, which is measured beside
them. `--peers` is a Python that has selene_sdk or kipoiseq.
"""

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from turns import Row, versions

WINDOW, TASKS, BATCH = 1000, 919, 128
BLOCK = 8192  # examples that are made at once


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=1_000_000)
    parser.add_argument("--folder", default=tempfile.gettempdir())
    parser.add_argument("--seconds", type=float, default=30, help="of a slow reader")
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--only", nargs="+", choices=list(PLAN), default=list(PLAN))
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(*options.child, options.seconds)
    n = options.examples
    free = shutil.disk_usage(options.folder).free
    if free < n * (WINDOW * 4 + TASKS) * 2:
        n = int(free / (WINDOW * 4 + TASKS) / 2) // 2 * 2
        print(f"the disk is short: {n} examples instead of {options.examples}")
    with tempfile.TemporaryDirectory(prefix="loader-", dir=options.folder) as folder:
        rows = []
        for layout in options.only:
            path = Path(folder, layout, "train.mat")
            path.parent.mkdir()
            if layout != "no file":
                started = time.perf_counter()
                write(path, n, layout)
                taken = time.perf_counter() - started
                print(f"{layout}: {path.stat().st_size / 1e9:.2f} GB in {taken:.0f} s", flush=True)
            for reader, heat in PLAN[layout]:
                row = measure(reader, layout, heat, path, options)
                rows.append(row)
                print(line(row), flush=True)
            path.unlink(missing_ok=True)
        report(rows)


PLAN = {
    "plain": [
        ("genome_keras", "cold"),
        ("genome_keras", "warm"),
        ("genome_keras, 200 bp", "cold"),
        ("genome_keras, 200 bp", "warm"),
        ("genome_keras, 2 workers", "warm"),
        ("h5py, fancy indexing", "warm"),
        ("selene_sdk MatFileSampler", "warm"),
        ("kipoiseq SeqIntervalDl (FASTA)", "warm"),
    ],
    "chunks": [
        ("genome_keras", "cold"),
        ("genome_keras", "warm"),
        ("h5py, fancy indexing", "warm"),
        ("selene_sdk MatFileSampler", "warm"),
    ],
    "rows": [
        ("genome_keras", "cold"),
        ("genome_keras", "warm"),
        ("h5py, fancy indexing", "warm"),
    ],
    "no file": [
        ("training kmer_logreg, 100 bp", "warm"),
        ("training kmer_logreg, 1000 bp", "warm"),
        ("training bigru_multitask, 100 bp", "warm"),
        ("training deepsea, 1000 bp", "warm"),
        ("training danq, 1000 bp", "warm"),
    ],
}


def compare(options):
    """Rows of `table.py`: 200,000 examples in a plain file."""
    what, count = "`Batches`, DeepSEA's layout, 200,000 examples", 200_000
    selene = versions(["selene-sdk"], options.peers)
    peers = {"h5py, fancy indexing": versions(["h5py"]) + ", fancy indexing"}
    peers |= {"selene_sdk MatFileSampler": selene} if selene else {}
    how = argparse.Namespace(peers=options.peers, seconds=2)
    found = {name: [] for name in ("genome_keras", "h5py, in order", *peers)}
    with tempfile.TemporaryDirectory(prefix="loader-") as folder:
        path = Path(folder, "train.mat")
        write(path, count, "plain")
        for _ in range(options.rounds):
            for name, rates in found.items():
                row = measure(name, "plain", "warm", path, how)
                if "problem" in row:
                    raise RuntimeError(f"{name}: {row['problem']}")
                rates.append(row["examples"] / row["cpu"])
    ours, bound = found["genome_keras"], found["h5py, in order"]
    for name, peer in peers.items():
        yield Row(what, "examples/s", ours, peer, found[name], "reading in order", bound)
    if not selene:
        yield Row(what, "examples/s", [], "missing: selene_sdk (--peers)")


def write(path, n, layout):
    """One file: "plain" and "chunks" as train.mat, "rows" as a data set of ours."""
    import h5py

    chunks = {
        "plain": [None, None],
        "chunks": [True, True],
        "rows": [(1024, WINDOW), (1024, TASKS)],
    }
    shapes = [(WINDOW, 4, n), (TASKS, n)] if layout != "rows" else [(n, WINDOW), (n, TASKS)]
    names = ("trainxdata", "traindata") if layout != "rows" else ("x", "y")
    draw = np.random.default_rng(0)
    with h5py.File(path, "w", userblock_size=512 if layout != "rows" else 0) as file:
        x, y = (
            file.create_dataset(
                name,
                shape,
                np.uint8 if name != "y" else np.int8,
                chunks=chunk,
                compression=None if chunk is None else "gzip",
                compression_opts=None if chunk is None else 3,
            )
            for name, shape, chunk in zip(names, shapes, chunks[layout], strict=True)
        )
        if layout == "rows":
            file["split"] = np.full(n, b"train")
            file["tasks"] = np.array([f"task {i}".encode() for i in range(TASKS)])
        step = BLOCK if not x.chunks else x.chunks[0 if layout == "rows" else -1]
        step *= max(1, BLOCK // step)
        for start in range(0, n, step):
            size = min(step, n - start)
            codes = np.frombuffer(draw.bytes(WINDOW * size), np.uint8).reshape(WINDOW, size) & 3
            labels = np.frombuffer(draw.bytes(TASKS * size), np.uint8).reshape(TASKS, size) < 5
            if layout == "rows":
                x[start : start + size], y[start : start + size] = codes.T, labels.T
            else:
                planes = codes[:, None] == np.array([0, 2, 1, 3], np.uint8)[None, :, None]
                x[:, :, start : start + size] = planes.view(np.uint8)
                y[:, start : start + size] = labels
    with open(path, "r+b") as file:
        if layout != "rows":
            file.write(b"MATLAB 7.3 MAT-file, synthetic".ljust(124) + b"\x00\x02IM")
        os.fsync(file.fileno())


def measure(reader, layout, heat, path, options):
    if heat == "cold":
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    python = options.peers if reader.startswith(("selene", "kipoiseq")) else sys.executable
    command = [python, __file__, "--seconds", str(options.seconds), "--child", reader, layout, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    row = {"file": layout, "reader": reader, "cache": heat}
    if done.returncode:
        problem = (done.stderr.strip().splitlines() or ["?"])[-1]
        return row | {"problem": problem[:90]}
    return row | json.loads(done.stdout.splitlines()[-1])


def child(reader, layout, path, seconds):
    """Reads batches and prints what it took."""
    batches = READERS[reader.partition(",")[0].split()[0]](reader, layout, path)
    before = memory()
    started, cpu, n = time.perf_counter(), time.process_time(), 0
    for codes, labels in batches:
        assert len(codes) == len(labels)
        n += len(codes)
        if not reader.startswith("genome_keras") and time.perf_counter() - started > seconds:
            break
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    result = {"examples": n, "wall": wall, "cpu": cpu, "before": before, "peak": memory()}
    print(json.dumps(result))


def memory():
    """The highest resident memory of this process so far, MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(x.split()[1]) / 1024 for x in lines if x.startswith("VmHWM"))


def ours(reader, layout, path):
    from genome_keras import Batches
    from genome_keras.datasets import deepsea, open_chromatin

    if layout == "rows":
        source = open_chromatin(path, "train")
    else:
        source = deepsea(path, window=200 if "200 bp" in reader else None)
    workers = 2 if "2 workers" in reader else 1
    batches = Batches(source, batch_size=BATCH, seed=1, reverse_complement=True, workers=workers)
    return (batches[i] for i in range(len(batches)))


def plain_h5py(reader, layout, path):
    """What a loader that asks h5py for the examples of each batch does."""
    import h5py

    file = h5py.File(path, "r")
    if layout == "rows":
        x, y, n = file["x"], file["y"], len(file["x"])
    else:
        x, y, n = file["trainxdata"], file["traindata"], file["traindata"].shape[1]
    order = np.random.default_rng(1).permutation(n)
    size = BLOCK if reader.endswith("in order") else BATCH

    def batch(start):
        chosen = slice(start, start + size)
        if size == BATCH:
            chosen = np.sort(order[chosen])
        if layout == "rows":
            return x[chosen], y[chosen]
        return x[:, :, chosen].transpose(2, 1, 0), y[:, chosen].T

    return map(batch, range(0, n - size, size))


def selene(reader, layout, path):
    from selene_sdk.samplers.file_samplers import MatFileSampler

    sampler = MatFileSampler(
        path,
        "trainxdata",
        "traindata",
        random_seed=1,
        shuffle=True,
        sequence_batch_axis=2,
        sequence_alphabet_axis=1,
        targets_batch_axis=1,
    )
    return iter(lambda: sampler.sample(BATCH), None)


def kipoi(reader, layout, path):
    """Windows of a FASTA file with one label each: it reads no such file as ours."""
    from kipoiseq.dataloaders import SeqIntervalDl

    folder = Path(path).parent
    draw = np.random.default_rng(0)
    letters = np.frombuffer(b"ACGT", np.uint8)[draw.integers(0, 4, 20_000_000)].tobytes().decode()
    lines = (letters[i : i + 60] for i in range(0, len(letters), 60))
    (folder / "g.fa").write_text(">chr1\n" + "\n".join(lines) + "\n")
    starts = draw.integers(0, len(letters) - WINDOW, 100_000).tolist()
    (folder / "i.bed").write_text("".join(f"chr1\t{s}\t{s + WINDOW}\t1\n" for s in starts))
    loader = SeqIntervalDl(str(folder / "i.bed"), str(folder / "g.fa"), label_dtype=int)
    batches = loader.batch_iter(batch_size=BATCH, num_workers=0)
    return ((batch["inputs"], batch["targets"]) for batch in batches)


def training(reader, layout, path):
    """Steps on one batch in memory, compiled before the clock starts."""
    import genome_keras

    name, window = reader.split()[1].rstrip(","), int(reader.split()[2])
    model = getattr(genome_keras, name)(window=window, tasks=TASKS)
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 4, (BATCH, window), dtype=np.uint8)
    labels = draw.integers(0, 2, (BATCH, TASKS), dtype=np.int8)
    model.train_on_batch(codes, labels)

    def step(_):
        model.train_on_batch(codes, labels)
        return codes, labels

    return map(step, itertools.count())


READERS = {
    "genome_keras": ours,
    "h5py": plain_h5py,
    "selene_sdk": selene,
    "kipoiseq": kipoi,
    "training": training,
}


def line(row):
    if "problem" in row:
        return f"{row['file']:7} {row['reader']:31} {row['cache']}: {row['problem']}"
    rates = [round(row["examples"] / row[clock]) for clock in ("wall", "cpu")]
    return (
        f"{row['file']:7} {row['reader']:31} {row['cache']}: {rates[0]:6}/s {rates[1]:7}/CPU-s, "
        f"{row['examples']} examples, {row['peak']:.0f} MiB, {row['before']:.0f} before"
    )


def report(rows):
    print()
    print("| file | reader | cache | examples/s | examples/CPU-s | memory, MiB | ratio |")
    print("|---|---|---|---:|---:|---:|---:|")
    first = {}
    for row in rows:
        cells = [row["file"], row["reader"], row["cache"]]
        if "problem" in row:
            print("| " + " | ".join([*cells, row["problem"], "", "", ""]) + " |")
            continue
        rate = row["examples"] / row["cpu"]  # other programs may share the core
        if row["cache"] == "warm":
            first.setdefault(row["file"], rate)
        ratio = rate / first[row["file"]] if row["file"] in first else None
        memory = f"{row['peak']:.0f} ({row['before']:.0f} without data)"
        cells += [f"{row['examples'] / row['wall']:,.0f}", f"{rate:,.0f}", memory]
        print("| " + " | ".join([*cells, "" if ratio is None else f"{ratio:.4f}"]) + " |")


if __name__ == "__main__":
    main()
