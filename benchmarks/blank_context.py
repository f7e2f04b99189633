"""What it costs a network that the bases around the middle of its window are not known.

    OMP_NUM_THREADS=1 python benchmarks/blank_context.py DATA.h5 [--weights NAME] [--split valid]
        [--known 1000 400 200 100] [--windows N]

Labelled windows of a split, drawn by a seed, are scored with all their bases and with nothing but
N outside of the middle ones, of which `--known` says how many. Printed are areas under the ROC and
the precision-recall curve, means over the trained tasks of each group with 20 positive and 20
negative labels or more, and the rank correlation of the scores with those of the full windows,
the mean over the same tasks.
"""

import argparse

import numpy as np

from genome_keras.datasets.chromatin_data import chromatin
from genome_keras.scores import auprc, auroc
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.weights.task_fields import fields_of
from variant_effects import print_row

LEAST, SEED = 20, 6


def main(options):
    use = model_in_use(options.weights)
    examples = chromatin(options.data, options.split, window=use.window)
    random = np.random.default_rng(SEED)
    count = min(options.windows, len(examples))
    rows = np.sort(random.choice(len(examples), count, replace=False))
    codes, labels = np.asarray(examples.codes[rows]), np.asarray(examples.labels[rows])
    groups = measured(use, examples.tasks, labels)
    print(f"{options.weights}, {count:,} windows of {options.split}\n")
    print_row(["known bp", *(f"{group} ({len(tasks)})" for group, tasks in groups.items())])
    print_row(["---"] * (1 + len(groups)))
    full = None
    for known in sorted(options.known, reverse=True):
        scores = use.scorer.scores(middle(codes, known))
        full = scores if full is None else full
        cells = [
            told(use, tasks, examples.tasks, labels, scores, full) for tasks in groups.values()
        ]
        print_row([known, *cells])


def middle(codes, known):
    """The windows with N outside of the middle `known` bp."""
    left = (codes.shape[1] - known) // 2
    blank = np.full_like(codes, 4)
    blank[:, left : left + known] = codes[:, left : left + known]
    return blank


def measured(use, names, labels):
    """Trained tasks by their group, of which enough was measured."""
    groups = {}
    trained = set(use.columns()[1])
    for task in names:
        own = labels[:, names.index(task)]
        if task in trained and min((own == 1).sum(), (own == 0).sum()) >= LEAST:
            groups.setdefault(fields_of(task).group, []).append(task)
    return groups


def told(use, tasks, names, labels, scores, full):
    """Mean areas of tasks, and their scores' mean rank correlation with the full windows'."""
    own, columns = (
        labels[:, [names.index(task) for task in tasks]],
        list(map(use.tasks.index, tasks)),
    )
    values, before = scores[:, columns], full[:, columns]
    agreed = [rank_correlation(*each) for each in zip(values.T, before.T, strict=True)]
    means = auroc(own, values).mean(), auprc(own, values).mean(), np.mean(agreed)
    return ", ".join(f"{mean:.3f}" for mean in means)


def rank_correlation(values, others):
    ranks = [np.argsort(np.argsort(each, kind="stable")) for each in (values, others)]
    return np.corrcoef(*ranks)[0, 1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", metavar="DATA.h5", help="labelled windows of its tasks")
    parser.add_argument("--weights", default="center_context.deepsea919.v1")
    parser.add_argument("--split", default="valid")
    parser.add_argument("--known", nargs="+", type=int, default=[1000, 400, 200, 100])
    parser.add_argument("--windows", type=int, default=1500, metavar="N")
    main(parser.parse_args())
