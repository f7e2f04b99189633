"""Whether calibrations hold: rates and calls on regions that nothing was fitted on.

    python benchmarks/calibration.py DATA.h5 NAME [NAME ...] [--source windows]

For each checkpoint, on the split "test": positives expected from the scores over those observed,
for all tasks together and the median over tasks with 10 positives or more, before and after; and
of calls at the thresholds of the calibration the median precision and recall over these tasks,
beside those that the calibration's table tells.
"""

import argparse

import numpy as np

from genome_keras.evaluation.contenders import contenders
from genome_keras.evaluation.data import held_out
from genome_keras.weights import find
from genome_keras.weights.calibration import calibration_of
from genome_keras.windows import centre

FEW = 10


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--source", nargs="+", default=["windows"])
    options = parser.parse_args()
    examples = held_out(options.data, "test", sources=options.source)
    print(f"{len(examples.labels):,} regions of the split test, sources {options.source}\n")
    heads = "checkpoint", "expected/observed", "calibrated", "of a task", "calibrated"
    print("| " + " | ".join([*heads, "precision", "told", "recall", "told"]) + " |")
    print("|---" + "|---:" * 8 + "|")
    for name in options.names:
        print(row(name, examples), flush=True)


def row(name, examples):
    """One line of the table."""
    (model,) = contenders(name)
    calibration = calibration_of(find(name))
    middle = centre(examples.codes.shape[1], model.window)
    scores = model.scores(None, examples.codes[:, middle])
    known = examples.labels >= 0
    positive = examples.labels == 1
    enough = positive.sum(0) >= FEW
    cells = [name]
    for values in (scores, calibration.probabilities(scores)):
        expected = (values * known).sum(0)
        cells.append(f"{expected.sum() / positive.sum():.2f}")
        cells.append(f"{np.median(expected[enough] / positive.sum(0)[enough]):.2f}")
    cells = [cells[0], cells[1], cells[3], cells[2], cells[4]]
    calls = (calibration.calls(scores) & known)[:, enough]
    right = (calls & positive[:, enough]).sum(0)
    with np.errstate(invalid="ignore"):
        precision, recall = right / calls.sum(0), right / positive[:, enough].sum(0)
    for values, told in ((precision, calibration.precision), (recall, calibration.recall)):
        cells += [f"{np.nanmedian(values):.3f}", f"{np.nanmedian(told[enough]):.3f}"]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
