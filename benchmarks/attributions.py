"""How well each method of attribution agrees with in-silico mutagenesis, for several factors.

`python benchmarks/attributions.py DATA.h5 --weights NAME` takes for each factor the positive
windows of the test split that score highest, attributes them by every method, and compares the
window's own letters with the mean loss of log-odds when a letter is changed (all three changes).
Printed: for each method the Pearson correlation over the letters of a window, its mean over
windows, for each factor and for all; seconds of processor a window; the sum errors. With
--region, substitutions are made, and letters compared, in the middle BP of the windows only;
the methods are given all of them.
"""

import argparse
import time

import numpy as np

import genome_keras
from genome_keras.interpret import Attribution, Mutagenesis, of_letters
from genome_keras.interpret.methods import METHODS, method_of
from genome_keras.interpret.mutagenesis import mean_loss
from genome_keras.scoring.effects import logit
from genome_keras.scoring.model_in_use import model_in_use

FACTORS = ("CTCF", "REST", "MAX", "GABPA", "CEBPB", "YY1")


def main(options):
    scorer = model_in_use(options.weights).scorer
    columns = [column_of(scorer.tasks, factor) for factor in options.factor]
    chosen = windows_of(options, scorer, columns)
    region = middle(scorer.window, options.region)
    print(f"{options.weights}, {options.windows} windows a factor, Pearson with ISM (log-odds)\n")
    names = [scorer.tasks[column].removesuffix("|None").replace("|", " ") for column in columns]
    for cells in (["method", *names, "all", "s a window"], ["---"] * (3 + len(names))):
        print_row(cells)
    start = time.process_time()
    truth = [lost(scorer, *each, region) for each in zip(columns, chosen, strict=True)]
    spent = (time.process_time() - start) / sum(map(len, chosen))
    print_row(["ism", *["1"] * (1 + len(names)), f"{spent:.2f}"])
    errors = [0.0]
    for name in options.methods:
        values, spent, missed = compared(options, scorer, columns, chosen, truth, method=name)
        cells = [f"{mean:.2f}" for mean in values.mean(1)]
        print_row([name, *cells, f"{values.mean():.3f}", f"{spent:.2f}"])
        errors += missed
    print(f"\ndeep_lift_shap: largest sum error {max(errors):.1e}")


def middle(window, region):
    """The middle bases of a window as a slice; None is all."""
    left = 0 if region is None else max(0, window - region) // 2
    return slice(left, window - left)


def column_of(tasks, factor):
    """A task by its name, or the first of a factor: its middle word, as in `HepG2|CTCF|None`."""
    if factor in tasks:
        return tasks.index(factor)
    for column, task in enumerate(tasks):
        if factor.upper() in task.upper().replace("-", "|").split("|"):
            return column
    raise SystemExit(f"no task of {factor}; tasks are as {tasks[0]!r}")


def windows_of(options, scorer, columns):
    """For each column, codes of the labelled windows with the highest scores."""
    examples = genome_keras.chromatin(options.data, "test", window=scorer.window)
    codes, labels = examples.codes, examples.labels
    random = np.random.default_rng(0)
    chosen = []
    for column in columns:
        rows = np.flatnonzero(np.asarray(labels[:, column]) == 1)
        rows = np.sort(random.choice(rows, min(len(rows), 8 * options.windows), replace=False))
        some = np.asarray(codes[rows])
        best = np.argsort(-scorer.scores(some)[:, column], kind="stable")[: options.windows]
        chosen.append(some[best])
    return chosen


def lost(scorer, column, codes, region):
    """The mean loss of log-odds by the three substitutions of each letter, (n, letters)."""
    if region == slice(0, codes.shape[1]):
        effects = Mutagenesis(scorer, tasks=[column])(codes, effect="logodds")[..., 0]
        return of_letters(mean_loss(effects, codes), codes)
    at = np.arange(codes.shape[1])[region]
    losses = np.zeros((len(codes), len(at)))
    for window, own in zip(codes, losses, strict=True):
        changed = np.repeat(window[None], 3 * len(at), 0)
        rows = np.arange(3 * len(at)), np.repeat(at, 3)
        changed[rows] = (changed[rows] + np.tile([1, 2, 3], len(at))) % 4
        log_odds = logit(scorer.scores(np.concatenate([window[None], changed]))[:, column])
        own[:] = (log_odds[0] - log_odds[1:]).reshape(-1, 3).mean(1)
    return np.where(codes[:, region] < 4, losses, 0)


def compared(options, scorer, columns, chosen, truth, *, method):
    """Correlations of a method (factors, windows), seconds of a window, and sum errors."""
    region = middle(scorer.window, options.region)
    sizes = {"batch_size": options.batch_size}
    attribution = Attribution(options.weights, tasks=columns[0], method=method_of(method), **sizes)
    found, errors, start = [], [], time.process_time()
    for column, codes, own in zip(columns, chosen, truth, strict=True):
        values, missed = attribution.explained(codes, tasks=column)
        errors += [] if missed is None else np.abs(missed).tolist()
        letters = of_letters(values, codes)[:, region]
        found.append([np.corrcoef(*pair)[0, 1] for pair in zip(letters, own, strict=True)])
    spent = time.process_time() - start
    return np.array(found), spent / sum(map(len, chosen)), errors


def print_row(cells):
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA.h5", help="labelled windows of its tasks")
    parser.add_argument("--weights", default="bigru_multitask.human_chromatin.v2")
    parser.add_argument("--factor", nargs="+", default=FACTORS, metavar="NAME", help="or task")
    parser.add_argument("--windows", type=int, default=4, help="of each factor")
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS, metavar="NAME")
    parser.add_argument("--region", type=int, metavar="BP", help="middle of windows (all)")
    parser.add_argument("--batch-size", type=int, metavar="N", help="(default: 256)")
    main(parser.parse_args())
