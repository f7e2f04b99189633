"""Which line a task should have, above all one with few positives or none.

    python benchmarks/few_positives.py DATA.h5 NAME [NAME ...] [--source windows] [--splits 8]

Of the validation regions a random half of the pieces (runs of neighbouring rows) is fitted on, and
the other half measured: the log loss of its labels, in thousandths of a nat, and positives expected
over those observed, of the tasks with so many positives in the first half. Compared are the scores
themselves, the line of all tasks together, and lines of tasks that are spread around it.
"""

import argparse
from collections import defaultdict

import numpy as np

from genome_keras.evaluation.calibrate import FEW, SPREAD, lines
from genome_keras.evaluation.data import held_out
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.weights.calibration import Calibration
from genome_keras.windows import centre

PIECES = 18
CLASSES = {"0": (0, 0), "1 to 9": (1, 9), "10 to 99": (10, 99), "100 and more": (100, np.inf)}
WAYS = {
    "scores themselves": None,
    "line of all tasks": {"few": np.inf},
    "spread .3, 1": {"few": 0, "spread": (0.3, 1.0)},
    "spread .2, .5": {"few": 0, "spread": (0.2, 0.5)},
    "spread .1, .15": {"few": 0, "spread": (0.1, 0.15)},
    f"spread {SPREAD}, line of all below {FEW}": {},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--source", nargs="+", default=["windows"])
    parser.add_argument("--splits", type=int, default=8)
    options = parser.parse_args()
    examples = held_out(options.data, "valid", sources=options.source)
    print(f"{len(examples.labels):,} regions of the split valid, sources {options.source}")
    for name in options.names:
        model = model_in_use(name)
        codes = examples.codes[:, centre(examples.codes.shape[1], model.window)]
        trained = np.flatnonzero(model.trained)
        scores = model.scorer.scores(codes)[:, trained]
        print(f"\n{name}: {len(trained)} tasks, {options.splits} splits\n")
        report(examples.labels[:, trained], scores, options.splits)


def report(labels, scores, splits):
    """Prints a table: a row for each way, and columns for each class of tasks."""
    draw = np.random.default_rng(0)
    piece = np.arange(len(labels)) * PIECES // len(labels)
    sums, counts = defaultdict(lambda: np.zeros(4)), defaultdict(list)
    for _ in range(splits):
        first = np.isin(piece, draw.permutation(PIECES)[: PIECES // 2])
        positives = (labels[first] == 1).sum(0)
        for way, how in WAYS.items():
            found = turned(how, labels[first], scores[first], scores[~first])
            for kind, (low, high) in CLASSES.items():
                own = (positives >= low) & (positives <= high)
                counts[kind].append(own.sum())
                sums[way, kind] += measured(labels[~first][:, own], found[:, own])
    told = [f"{kind} ({np.mean(counts[kind]):.0f} tasks)" for kind in CLASSES]
    print("| positives: | " + " | | ".join(told) + " | |")
    print("|---" + "|---:" * 2 * len(CLASSES) + "|")
    for way in WAYS:
        cells = [way]
        for kind in CLASSES:
            loss, known, expected, observed = sums[way, kind]
            cells += [f"{1000 * loss / max(known, 1):.3f}", f"{expected / max(observed, 1):.2f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


def turned(how, labels, scores, others):
    """Other scores by lines that are fitted to these."""
    if how is None:
        return others.astype(float)
    slope, offset = lines(labels, scores, **how)
    names = [str(number) for number in range(len(slope))]
    calibration = Calibration.from_lines(names, slope=slope, offset=offset)
    return calibration.probabilities(others).astype(float)


def measured(labels, found):
    """Sums over labels: log loss in nats, how many, positives expected and observed."""
    known, positive = labels >= 0, labels == 1
    found = np.clip(found, 1e-7, 1 - 1e-7)
    loss = -np.where(positive, np.log(found), np.log1p(-found))
    return np.array([(loss * known).sum(), known.sum(), (found * known).sum(), positive.sum()])


if __name__ == "__main__":
    main()
