"""Which one number over a cell's tracks tells best which way a variant works?

    OMP_NUM_THREADS=1 python benchmarks/variant_summary.py VARIANTS [--weights NAME ...] [--most N]

VARIANTS is the folder of `variant_effects.py`: pairs of alleles of which more was measured of the
first. Over tracks of three choices, from one cell's DNase to every task of the cell, the effects
of each pair become one number in several ways. Pairs are dealt out in turn: with the first half a
way is chosen, the second half tells what it is worth. Printed is the sign accuracy, all pairs and
the tenth with the largest numbers, as there. The mean over tracks is linear, so the tracks of a
cell with more of them than one count alike; the largest is whichever track moves most.
"""

import argparse

import numpy as np

from genome_keras.scoring.effects import logit
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.weights.task_fields import fields_of
from variant_effects import SETS, accuracies, print_row, read, scored

TRACKS = (
    ("DNase of GM12878", "cell=GM12878 group=DNase"),
    ("DNase of all cells", "group=DNase"),
    ("all of GM12878", "cell=GM12878"),
)


def mean(values):
    """Mean over tracks (n, tracks)."""
    return values.mean(1)


def largest(values):
    """The effect of the track that moves most, with its sign."""
    return np.take_along_axis(values, np.abs(values).argmax(1)[:, None], 1)[:, 0]


def median(values):
    """Median over tracks."""
    return np.median(values, 1)


STATISTICS = {
    f"{name} of {scale}": (way, scale)
    for scale in ("log-odds", "P")
    for name, way in (("mean", mean), ("median", median), ("largest", largest))
}


def main(options):
    sets = [read(options.variants, names, options.most) for names in SETS]
    heads = ("checkpoint", "tracks", "number", *(f"{pairs.target}" for pairs in sets), "mean")
    for name in options.weights:
        use = model_in_use(name, engine=options.engine)
        scores = scored(use, sets, cache=options.cache)
        for half, told in ((0, "chosen with the first half"), (1, "the second half")):
            print(f"\n{told}: sign accuracy of all, of the top tenth\n")
            print_row(heads)
            print_row(["---"] * len(heads))
            for tracks, choice in TRACKS:
                columns = use.columns([choice])[1]
                columns = [use.tasks.index(task) for task in columns]
                for number, (way, scale) in STATISTICS.items():
                    if len(columns) == 1 and not number.startswith("mean"):
                        continue  # all are the same
                    found = [
                        accuracies(way(effects(pair, columns, scale))[half::2]) for pair in scores
                    ]
                    row = [name, f"{tracks} ({len(columns)})", number]
                    row += [", ".join(each) for each in found]
                    print_row([*row, f"{np.mean([float(each[0]) for each in found]):.3f}"])
        accessible = sum(fields_of(task).group == "DNase" for task in use.tasks)
        print(f"\n{name}: {accessible} tasks of accessible chromatin")


def effects(scores, columns, scale):
    """First minus second allele, float64 (n, tracks), on a scale."""
    chosen = scores[..., columns].astype(np.float64)
    first, second = logit(chosen) if scale == "log-odds" else chosen
    return first - second


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("variants", metavar="VARIANTS", help="folder of the pairs")
    parser.add_argument("--weights", nargs="+", default=["conv_bigru.human_chromatin.v1"])
    parser.add_argument("--most", type=int, metavar="N", help="pairs of a set, evenly spaced")
    parser.add_argument("--cache", metavar="FOLDER", help="scores are kept there")
    parser.add_argument("--engine", default="auto", choices=("keras", "onnx", "auto"))
    main(parser.parse_args())
