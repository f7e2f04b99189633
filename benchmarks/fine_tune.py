"""Fine-tuning against a regression on frozen features and training from scratch, by set size.

    python benchmarks/fine_tune.py DATA.h5 --out DIR [--weights NAME] [--tasks NAME ...]
        [--sizes 500 5000 50000] [--set FIELD=VALUE ...] [--scratch N] [--seed 0]

For each size, that many examples of the split "train" of DATA and as many of "valid" and "test"
as `--valid` and `--test` say become a data set with the columns `--tasks` alone: half of them
drawn among those with a label 1 in any of these columns, half among the others. A new head for
these tasks, which the checkpoint should not know, is

- fitted to convergence on the frozen features (epoch 0 of the recipe "fine_tune"),
- and then all layers are trained (the recipe, with the fields that --set changes);
- the same architecture is trained from scratch for at most `--scratch` epochs, with an end after
  two without a better one; 0 leaves it out.

Scores are means over the tasks on "test"; perplexity is that of all. `CPU s` are of one thread,
validation and reading included. DIR holds the runs: what is finished is only scored again. The
backend is KERAS_BACKEND.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import h5py
import numpy as np

import genome_keras
from genome_keras.datasets.chromatin_data import chromatin
from genome_keras.scores import auprc, auroc, overall_perplexity
from genome_keras.training.recipe import RECIPES, recipe_of
from genome_keras.training.train import train
from genome_keras.weights.resolve import find
from genome_keras.weights.run_files import RunFiles

# Measured by peak files that the 192 tracks of `human_chromatin` do not have.
TASKS = (
    "A549|DNase|None",
    "GM12878|RUNX3|None",
    "GM12878|NF-YB|None",
    "HUVEC|c-Fos|None",
    "K562|GATA2|None|HaibK562Gata2sc267Pcr1x",
    "K562|MafF|None",
    "K562|Egr-1|None",
    "K562|ARID3A|None",
)
SOURCES = ("tf_bins", "edge_bins", "other_bins")


def subset(data, path, *, sizes, tasks, sources, seed):
    """Writes a data set of some rows and columns of another; returns its path."""
    if path.exists():
        return path
    parts = {}
    for split, size in sizes.items():
        found = chromatin(data, split, sources=sources)
        labels = found.labels[:, [found.tasks.index(task) for task in tasks]]
        order, any_label = np.random.default_rng(seed).permutation(len(found)), (labels == 1).any(1)
        halves = [order[any_label[order] == half][: size // 2] for half in (True, False)]
        rows = np.sort(np.concatenate(halves))
        parts[split] = found.where(rows), labels[rows]
    with h5py.File(path, "w") as file:
        file["x"] = np.concatenate([part.codes for part, _ in parts.values()])
        file["y"] = np.concatenate([labels for _, labels in parts.values()])
        counts = [len(labels) for _, labels in parts.values()]
        file["split"] = np.repeat([split.encode() for split in parts], counts)
        file["tasks"] = np.array([task.encode() for task in tasks])
    return path


def scores(model, test):
    """AUROC, AUPRC (means over tasks) and perplexity."""
    found = np.concatenate(
        [model.predict_on_batch(test.codes[i : i + 500]) for i in range(0, len(test.codes), 500)]
    )
    return (
        np.nanmean(auroc(test.labels, found)),
        np.nanmean(auprc(test.labels, found)),
        overall_perplexity(test.labels, found),
    )


def rows(options, size, folder):
    """(name, scores, CPU seconds) of each contender."""
    counts = {"train": size, "valid": options.valid, "test": options.test}
    data = subset(
        options.data,
        folder / f"{size}.h5",
        sizes=counts,
        tasks=options.tasks,
        sources=options.sources,
        seed=options.seed,
    )
    checkpoint = find(options.weights)
    window, factory = checkpoint.sizes["window"], getattr(genome_keras, checkpoint.architecture)
    test = chromatin(data, "test", window=window)
    change = dict(options.set)
    recipe = recipe_of("fine_tune", keep_epochs=True, **change)
    run = folder / "-".join([str(size), "tuned", *(f"{k}={v}" for k, v in change.items())])
    tuned, seconds = timed(data, run, fine_tune=checkpoint, recipe=recipe, seed=options.seed)
    log = RunFiles(run).read_log()
    best = min(log, key=lambda row: row["val_perplexity"])["epoch"]
    head = factory(**tuned.made_with["arguments"])
    find(RunFiles(run).epoch(0)).load_into(head)
    spent = [row["cpu_seconds"] for row in log]
    yield "regression on frozen features", scores(head, test), seconds - sum(spent[1:])
    yield f"fine-tuned, epoch {best} of {len(log) - 1}", scores(tuned, test), seconds
    if options.scratch:
        change = {"epochs": options.scratch, "learning_rate": options.rate, "patience": 2}
        recipe = recipe_of("default", **change)
        sizes = {k: v for k, v in checkpoint.sizes.items() if k not in ("window", "tasks")}
        how = {"model": checkpoint.architecture, "arguments": sizes, "window": window}
        run = folder / f"{size}-scratch"
        scratch, seconds = timed(data, run, recipe=recipe, seed=options.seed, **how)
        yield "from scratch", scores(scratch, test), seconds


def timed(data, run, **how):
    """The model of a run, and the CPU seconds that it took, now or before."""
    began, note = time.process_time(), run / "seconds.json"
    model = train(data, out=run, **how)
    if not note.exists():
        note.write_text(json.dumps(time.process_time() - began))
    return model, json.loads(note.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("data", help="human_deepsea919_200bp.h5, or another with these tasks")
    add("--out", type=Path, required=True)
    add("--weights", default="conv_bigru.human_chromatin.v1")
    add("--tasks", nargs="+", default=TASKS)
    add("--sources", nargs="+", default=SOURCES)
    add("--sizes", nargs="+", type=int, default=(500, 5000, 50_000))
    add("--valid", type=int, default=1000)
    add("--test", type=int, default=4000)
    add("--set", nargs="+", type=field, default=(), metavar="FIELD=VALUE")
    add("--scratch", type=int, default=8, help="epochs at most")
    add("--rate", type=float, default=2.5e-3, help="of training from scratch")
    add("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print(f"{options.weights}, {len(options.tasks)} tasks, recipe {RECIPES['fine_tune'].record()}")
    print("| examples | model | AUROC | AUPRC | perplexity | CPU s |")
    print("|---:|---|---:|---:|---:|---:|")
    for size in options.sizes:
        for name, (roc, prc, perplexity), seconds in rows(options, size, options.out):
            line = (
                f"| {size:,} | {name} | {roc:.4f} | {prc:.4f} | {perplexity:.4f} | {seconds:.0f} |"
            )
            print(line, flush=True)


def field(text):
    """FIELD=VALUE of a recipe."""
    name, _, value = text.partition("=")
    return name, json.loads(value)


if __name__ == "__main__":
    main()
