"""CPU seconds to score 919 tasks x 455,000 windows, beside scikit-learn.

    python benchmarks/scores.py [--examples 455000] [--tasks 8] [--replicates 200]

Both sides score the same `--tasks` tasks of random labels, at the positive rates of the
DeepSEA tasks, in this process and on one thread; times are scaled to 919 tasks. The last
column is the largest difference of any score of any task. For the bootstrap, one
resample is made with scikit-learn (`sample_weight`), and its time multiplied.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from sklearn import metrics as sk

from genome_keras import scores as gk
from genome_keras.datasets.task_table import tasks
from genome_keras.evaluation import bootstrap
from turns import Row, versions

ALL = 919


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=455_000)
    parser.add_argument("--tasks", type=int, default=8, help="of 919, evenly spread")
    parser.add_argument("--replicates", type=int, default=200)
    options = parser.parse_args()
    labels, scores = problem(options.examples, options.tasks)
    print(
        f"{options.examples:,} windows; CPU seconds, scaled from {options.tasks} to {ALL} tasks\n"
    )
    print("| what | genome_keras | scikit-learn | ratio | largest difference |")
    print("|---|---:|---:|---:|---:|")
    for name, ours, theirs in (
        ("AUROC", gk.auroc, sk.roc_auc_score),
        ("average precision", gk.auprc, sk.average_precision_score),
        ("F1", gk.f1, lambda label, score: sk.f1_score(label, score > np.float32(0.5))),
        ("perplexity", gk.perplexity, perplexity),
        ("Brier score", gk.brier, sk.brier_score_loss),
        ("all of these, and calibration", task_scores, every),
    ):
        found, seconds = timed(ours, labels, scores)
        columns = zip(labels.T, scores.T, strict=True)
        wanted, peer = timed(lambda pairs, one: [one(*pair) for pair in pairs], columns, theirs)
        row(name, seconds, peer, np.abs(found - np.transpose(wanted)).max(), options.tasks)
    blocks = bootstrap.row_blocks(options.examples)
    drawn = bootstrap.resamples(blocks.max() + 1, replicates=options.replicates)
    table = gk.task_scores(labels, scores)
    found, seconds = timed(resampled, labels, scores, blocks, drawn, table)
    weight = drawn[blocks, 0]
    columns = zip(labels.T, scores.T, strict=True)
    wanted, peer = timed(
        lambda pairs: [every(*pair, sample_weight=weight) for pair in pairs], columns
    )
    apart = np.abs(found[:, 0] - np.transpose(wanted)).max()
    row(f"{options.replicates} resamples", seconds, peer * options.replicates, apart, options.tasks)


def compare(options):
    """Rows of `table.py`: four of the tasks, scaled to all."""
    examples, count = 455_000, 4
    labels, scores = problem(examples, count)
    ours, theirs, bound = [], [], []
    for _ in range(options.rounds):
        ours.append(timed(task_scores, labels, scores)[1])
        bound.append(timed(lambda values: np.sort(values.T), scores)[1])
        pairs = zip(labels.T, scores.T, strict=True)
        theirs.append(timed(lambda pairs: [every(*pair) for pair in pairs], pairs)[1])
    ours, theirs, bound = ([each * ALL / count for each in of] for of in (ours, theirs, bound))
    what = f"F1, AUROC, AUPRC, perplexity, Brier of {ALL} x {examples:,}"
    yield Row(what, "s", ours, versions(["scikit-learn"]), theirs, "sorting the scores", bound)


def problem(n, count):
    draw = np.random.default_rng(0)
    rates = np.sort(tasks("deepsea-919").positive_rates)
    rates = rates[np.linspace(100, ALL - 1, count).astype(int)]
    scores = draw.beta(0.5, 0.5 / rates, (n, count)).astype(np.float32)
    return (draw.random((n, count)) < scores).astype(np.int8), scores


def task_scores(labels, scores):
    table = gk.task_scores(labels, scores)
    return np.array([table[name] for name in ("f1", "auroc", "auprc", "perplexity", "brier")])


def resampled(labels, scores, blocks, drawn, exact):
    found = bootstrap.replicate(labels, scores, blocks=blocks, drawn=drawn, exact=exact)
    return np.array([found[name] for name in ("f1", "auroc", "auprc", "perplexity", "brier")])


def every(label, score, **how):
    return [
        sk.f1_score(label, score > np.float32(0.5), **how),
        sk.roc_auc_score(label, score, **how),
        sk.average_precision_score(label, score, **how),
        perplexity(label, score, **how),
        sk.brier_score_loss(label, score, **how),
    ]


def perplexity(label, score, **how):
    score = np.clip(score.astype(float), gk.CLIP, 1 - gk.CLIP)
    return np.exp(sk.log_loss(label, score, labels=[0, 1], **how))


def timed(function, *arguments):
    started = time.process_time()
    result = function(*arguments)
    return np.asarray(result), time.process_time() - started


def row(name, seconds, peer, apart, count):
    ours, theirs = (each * ALL / count for each in (seconds, peer))
    print(f"| {name} | {ours:.1f} | {theirs:.0f} | {theirs / ours:.1f} | {apart:.1e} |", flush=True)


if __name__ == "__main__":
    main()
