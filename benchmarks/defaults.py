"""Which published network is the best of its length, on tasks that all of them have.

    python benchmarks/defaults.py human_chromatin_1000bp.h5 NAME [NAME ...] [--most N]

Each network reads the middle of the windows of the split "valid", as many bp as it takes. Means
over the tasks that all were trained on and of which there is a positive and a negative label
there. One of the 192 tasks is one of the 919 columns where it has a single counterpart among
them (`genome_keras.datasets.task_table.tasks`).
"""

import argparse

import numpy as np

from genome_keras import scores
from genome_keras.datasets.task_table import tasks
from genome_keras.evaluation.data import held_out
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.windows import centre


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--most", type=int, help="regions, evenly spaced ones (default: all)")
    options = parser.parse_args()
    examples = held_out(options.data, "valid")
    regions = np.arange(len(examples.labels))
    if options.most is not None:
        regions = np.linspace(0, len(regions) - 1, options.most).astype(int)
    codes, labels = examples.codes[regions], examples.labels[regions]
    networks = [model_in_use(name, engine="auto") for name in options.names]
    columns = [columns_of(use, examples.tasks) for use in networks]
    trained = np.all([column >= 0 for column in columns], axis=0)
    chosen = trained & (labels == 1).any(0) & (labels == 0).any(0)
    print(f"{len(regions):,} regions of the split valid, {chosen.sum()} tasks\n")
    print("| checkpoint | bp | AUROC | AUPRC | perplexity |\n|---|---:|---:|---:|---:|")
    for use, column in zip(networks, columns, strict=True):
        found = use.scorer.scores(codes[:, centre(codes.shape[1], use.window)])
        pair = labels[:, chosen], found[:, column[chosen]]
        means = scores.auroc(*pair).mean(), scores.auprc(*pair).mean()
        told = [f"{value:.4f}" for value in (*means, scores.overall_perplexity(*pair))]
        print(f"| `{use.name}` | {use.window} | " + " | ".join(told) + " |", flush=True)


def columns_of(use, names):
    """The column of each of the 192 tasks in the scores of a network; -1 where it has none."""
    column = {task: i for i, task in enumerate(use.tasks) if use.trained[i]}
    if len(use.tasks) == len(tasks("deepsea-919")):
        table = tasks("human-chromatin-192")
        pairs = zip(table.names, table.deepsea_columns, strict=True)
        alike = {task: others[0] for task, others in pairs if len(others) == 1}
        column = {task: i for task, i in alike.items() if use.trained[i]}
    return np.array([column.get(name, -1) for name in names])


if __name__ == "__main__":
    main()
