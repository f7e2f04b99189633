"""How well each method of attribution agrees with in-silico mutagenesis, for several factors.

`python benchmarks/attributions.py DATA.h5 --weights NAME` takes for each factor the positive
windows of the test split that score highest, attributes them by every method, and compares the
window's own letters with the mean loss of log-odds when a letter is changed (all three changes).
Printed: for each method the Pearson correlation over the letters of a window, its mean over
windows, for each factor and for all; seconds of processor a window; the sum errors.
"""

import argparse
import time

import numpy as np

import genome_keras
from genome_keras.interpret import Attribution, Mutagenesis, of_letters
from genome_keras.interpret.methods import METHODS, method_of
from genome_keras.interpret.mutagenesis import mean_loss

FACTORS = ("CTCF", "REST", "MAX", "GABPA", "CEBPB", "YY1")


def main(options):
    scorer = genome_keras.open_scorer(options.weights)
    columns = [column_of(scorer.tasks, factor) for factor in options.factor]
    chosen = windows_of(options, scorer, columns)
    found, seconds, errors = compared(scorer, columns, chosen)
    print(f"{options.weights}, {options.windows} windows a factor, Pearson with ISM (log-odds)\n")
    names = [scorer.tasks[column] for column in columns]
    rows = [
        [name, *(f"{mean:.2f}" for mean in values.mean(1)), f"{values.mean():.3f}"]
        for name, values in found.items()
    ]
    for row in rows:
        row.append(f"{seconds[row[0]]:.2f}")
    heads = ["method", *names, "all", "s a window"]
    for row in (heads, ["---"] * len(heads), *rows):
        print(f"| {' | '.join(cell.removesuffix('|None').replace('|', ' ') for cell in row)} |")
    print(f"\ndeep_lift_shap: largest sum error {max(errors):.1e}")


def column_of(tasks, factor):
    """The first task of a factor: by its middle word, as in `HepG2|CTCF|None`."""
    for column, task in enumerate(tasks):
        if factor.upper() in task.upper().replace("-", "|").split("|"):
            return column
    raise SystemExit(f"no task of {factor}; tasks are as {tasks[0]!r}")


def windows_of(options, scorer, columns):
    """For each column, codes of the labelled windows with the highest scores."""
    examples = genome_keras.chromatin(options.data, "test")
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


def compared(scorer, columns, chosen):
    """Correlations by method (factors, windows), seconds of a window, and sum errors."""
    found = {name: np.zeros((len(columns), len(chosen[0]))) for name in ("ism", *METHODS)}
    seconds, errors = dict.fromkeys(found, 0.0), [0.0]
    methods = {
        name: Attribution(scorer, tasks=columns[0], method=method_of(name)) for name in METHODS
    }
    for factor, (column, codes) in enumerate(zip(columns, chosen, strict=True)):
        start = time.process_time()
        effects = Mutagenesis(scorer, tasks=[column])(codes, effect="logodds")[..., 0]
        truth = of_letters(mean_loss(effects, codes), codes)
        seconds["ism"] += time.process_time() - start
        found["ism"][factor] = 1
        for name, attribution in methods.items():
            start = time.process_time()
            values, missed = attribution.explained(codes, tasks=column)
            seconds[name] += time.process_time() - start
            errors += [] if missed is None else np.abs(missed).tolist()
            letters = of_letters(values, codes)
            found[name][factor] = [
                np.corrcoef(own, lost)[0, 1] for own, lost in zip(letters, truth, strict=True)
            ]
    count = sum(map(len, chosen))
    return found, {name: total / count for name, total in seconds.items()}, errors


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA.h5", help="labelled windows of its tasks")
    parser.add_argument("--weights", default="bigru_multitask.human_chromatin.v2")
    parser.add_argument("--factor", nargs="+", default=FACTORS, metavar="NAME")
    parser.add_argument("--windows", type=int, default=4, help="of each factor")
    main(parser.parse_args())
