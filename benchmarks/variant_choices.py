"""Which tracks, networks and places of the alleles tell best the sign of a measured effect?

    OMP_NUM_THREADS=1 python benchmarks/variant_choices.py VARIANTS [--weights NAME ...]
        [--shifts BP ...] [--most N] [--cache FOLDER]

VARIANTS is the folder of `variant_effects.py`. A predicted effect is the mean change of log-odds
over tracks: of what was measured, in the cell or in all lymphoblastoid cells (the measured ones
are of such), or DNase of the same; over the networks, each alone and all of them together; and,
of networks whose window has room, over places of the alleles in it, or the middle alone.

A seeded half of each set's pairs chooses among them, and only the other half tells what the choice
is worth. Printed is the sign accuracy of both halves, and of the chosen one that of each tenth of
the other half, from the largest predicted effects to the smallest.

--cache keeps the scores, one file for each network and place, for the next run.
"""

import argparse

import numpy as np

from genome_keras.scoring.effects import logit
from genome_keras.scoring.model_in_use import model_in_use
from variant_effects import CELL, SETS, accuracies, print_row, read, scored

SEED = 6
TRACKS = {
    "own assay, own cell": f"cell={CELL} target={{target}}",
    "own assay, lymphoblastoid": "cell=GM* target={target}",
    "own assay, all cells": "target={target}",
    "DNase, own cell": f"cell={CELL} target=DNase",
    "DNase, lymphoblastoid": "cell=GM* target=DNase",
    "DNase, all cells": "target=DNase",
}
HEADS = ("set", "tracks", "network", "places", "choosing half", "other half", "its top tenth")


def main(options):
    sets = [read(options.variants, names, options.most) for names in SETS]
    uses = [model_in_use(name) for name in options.weights]
    scores = [
        {
            shift: [logit(each) for each in scored(use, sets, shift=shift, cache=options.cache)]
            for shift in places(use, options.shifts)
        }
        for use in uses
    ]
    chosen = []
    print_row(HEADS)
    print_row(["---"] * len(HEADS))
    for number, pairs in enumerate(sets):
        order = np.random.default_rng(SEED).permutation(len(pairs.first))
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        rows = []
        for tracks, network, place, effect in choices(uses, scores, number, pairs.target):
            told = [accuracies(effect[half]) for half in halves]
            rows.append(((tracks, network, place), told, effect[halves[1]]))
            print_row([pairs.target, tracks, network, place, told[0][0], *told[1]])
        chosen.append((pairs.target, max(rows, key=lambda row: float(row[1][0][0]))))
    print("\nchosen by the first half, sign accuracy of the other half\n")
    tenths = [f"tenth {tenth}" for tenth in range(1, 11)]
    print_row(["set", "tracks", "network", "places", "pairs", "all", *tenths])
    print_row(["---"] * 16)
    for target, (names, told, effect) in chosen:
        print_row([target, *names, len(effect), told[1][0], *by_tenth(effect)])


def places(use, shifts):
    """Shifts that leave the alleles inside the window; 0 is one of them."""
    most = max(0, use.window - 100) // 2
    return sorted({0, *(shift for shift in shifts if abs(shift) <= most)})


def choices(uses, scores, number, target):
    """(tracks, network, places, effect of each pair) of all that are compared."""
    for tracks, words in TRACKS.items():
        if target == "DNase" and tracks.startswith("DNase"):
            continue  # the same as its own assay
        for middle in (True, False):
            effects = {}
            for use, of_use in zip(uses, scores, strict=True):
                shifts = [0] if middle else list(of_use)
                columns = columns_of(use, words.format(target=target))
                if columns and (middle or len(shifts) > 1):
                    each = [of_use[shift][number][..., columns].mean(-1) for shift in shifts]
                    effects[use.name, len(shifts)] = np.mean([one[0] - one[1] for one in each], 0)
            for (name, count), effect in effects.items():
                yield tracks, name, "middle" if count == 1 else f"{count}", effect
            if middle and len(effects) > 1:
                yield tracks, f"mean of {len(effects)}", "middle", sum(effects.values())


def columns_of(use, words):
    """Columns of the trained tasks that words mean, none where there is none."""
    try:
        _, names = use.columns([words])
    except ValueError:
        return []
    return [use.tasks.index(name) for name in names]


def by_tenth(effect):
    """Sign accuracy of each tenth, from the largest predicted effects to the smallest."""
    order = np.argsort(-np.abs(effect), kind="stable")
    return [f"{(effect[part] > 0).mean():.2f}" for part in np.array_split(order, 10)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("variants", metavar="VARIANTS", help="folder of the pairs")
    parser.add_argument(
        "--weights",
        nargs="+",
        metavar="NAME",
        default=[
            "center_context.deepsea919.v1",
            "conv_bigru.human_chromatin.v1",
            "bigru_multitask.human_chromatin.v2",
        ],
    )
    parser.add_argument("--shifts", nargs="+", type=int, default=[], metavar="BP")
    parser.add_argument("--most", type=int, metavar="N", help="pairs of a set, evenly spaced")
    parser.add_argument("--cache", metavar="FOLDER", help="scores are kept there")
    main(parser.parse_args())
