"""Do predicted effects of variants point the way that was measured?

    OMP_NUM_THREADS=1 python benchmarks/variant_effects.py VARIANTS [--weights NAME ...]
        [--genome grch37.fa] [--most N] [--engine onnx]

VARIANTS is a folder with pairs of alleles of 100 bp in two FASTA files, in the same order: of
the first allele more was measured. The variant is at 0-based 49 of both. Of each pair the mean
difference of log-odds over a checkpoint's tasks of that kind in GM12878 is taken (over all its
cells where it has none of GM12878). Printed is the sign accuracy: the share of pairs whose
first allele scores higher, ties as halves; over all pairs, and over the tenth with the largest
predicted differences. In windows of more than 100 bp the alleles stand in the middle, and N
around them. With --genome, what that costs: the pairs that lie in it exactly once, with N and
with the bases of the genome.

There are no pairs without an effect, and the positions are of all chromosomes, those of training
too: this tells of signs and of nothing else.
"""

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genome_keras.encode import tokens
from genome_keras.io import fasta
from genome_keras.io.reference import open_genome
from genome_keras.scoring.effects import logit
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.weights.registry import PUBLISHED

SETS = (
    ("CTCF", "CTCF_binding_alleles", "CTCF_nonbinding_alleles"),
    ("DNase", "dsQTL_high", "dsQTL_low"),
    ("H3K27ac", "H3K27ac_high", "H3K27ac_low"),
)
CELL = "GM12878"
VARIANT = 49  # 0-based, in the alleles
SEED, PIECE = 20, 1 << 22  # bp: left of the variant, by which it is looked for; of the genome
HEADS = ("checkpoint", "set", "tasks", "pairs", "all", "top tenth", "s")


class Pairs(NamedTuple):
    """Alleles of one set: codes uint8 (n, 100) of the first and of the second."""

    target: str
    first: np.ndarray
    second: np.ndarray


def main(options):
    sets = [read(options.variants, names, options.most) for names in SETS]
    names = options.weights or [name for name, entry in PUBLISHED.items() if chromatin(name)]
    print_row(HEADS)
    print_row(["---"] * len(HEADS))
    placed = [None] * len(sets) if options.genome is None else contexts(options.genome, sets)
    for name in names:
        use = model_in_use(name, engine=options.engine)
        for pairs, place in zip(sets, placed, strict=True):
            columns, told = columns_of(use, pairs.target)
            if not columns:
                continue
            started = time.process_time()
            alleles = [widened(codes, use.window) for codes in pairs[1:]]
            differences = difference(use.scorer, *alleles, columns)
            row = [name, pairs.target, told, len(differences), *accuracies(differences)]
            print_row([*row, f"{time.process_time() - started:.0f}"])
            if place is not None and use.window > 100 and len(place):
                report_context(use, name, pairs, place, columns, options.genome)


def chromatin(name):
    return ".human_chromatin" in name


def read(folder, names, most):
    """Pairs of a set; `most` of them, evenly spaced, or all."""
    target, *files = names
    alleles = [
        tokens([letters for _, letters in fasta.read(Path(folder, f"{file}.fa.gz"))])
        for file in files
    ]
    count = len(alleles[0])
    rows = np.arange(count)
    if most is not None and most < count:
        rows = np.linspace(0, count - 1, most).astype(np.int64)
    return Pairs(target, *(codes[rows] for codes in alleles))


def columns_of(use, target):
    """Columns of the tasks of a target in the cell, or in all cells; and words on them."""
    for cell, where in ((f"cell={CELL} ", CELL), ("", "all cells")):
        try:
            _, names = use.columns([f"{cell}target={target}"])
        except ValueError:
            continue
        return [use.tasks.index(name) for name in names], f"{len(names)} of {where}"
    return [], ""


def widened(codes, window, shift=0):
    """The alleles in windows of another length, `shift` bp right of the middle, N around them."""
    spare = window - codes.shape[1]
    if spare < 0:
        left = -spare // 2
        return codes[:, left : left + window]
    left = spare // 2 + shift
    return np.pad(codes, ((0, 0), (left, spare - left)), constant_values=4)


def difference(scorer, first, second, columns):
    """Mean difference of log-odds over columns, float64 (n,)."""
    scores = scorer.scores(np.concatenate([first, second]))[:, columns]
    log_odds = logit(scores).mean(1)
    return log_odds[: len(first)] - log_odds[len(first) :]


def scored(use, sets, *, shift=0, cache=None):
    """Of each set the scores of the first and the second alleles, float32 (2, pairs, tasks)."""
    path = None if cache is None else Path(cache, f"{use.name}_{shift}.npz")
    if path is not None and path.exists():
        with np.load(path) as kept:
            found = [kept[pairs.target] for pairs in sets]
        if [each.shape[1] for each in found] == [len(pairs.first) for pairs in sets]:
            return found
    found = []
    for pairs in sets:
        codes = np.concatenate([widened(alleles, use.window, shift) for alleles in pairs[1:]])
        found.append(use.scorer.scores(codes).reshape(2, len(pairs.first), -1))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{pairs.target: each for pairs, each in zip(sets, found, strict=True)})
    return found


def accuracies(differences):
    """Sign accuracies over all, and over the tenth with the largest differences, as text."""
    right = (differences > 0) + 0.5 * (differences == 0)
    strongest = np.argsort(-np.abs(differences), kind="stable")[: max(1, len(right) // 10)]
    return f"{right.mean():.3f}", f"{right[strongest].mean():.3f}"


def contexts(path, sets):
    """For each set, rows of (pair, contig, start) of those found once on a forward strand."""
    seeds, found = {}, [{} for _ in sets]
    for number, pairs in enumerate(sets):
        for row, codes in enumerate(pairs.first):
            seed = int(numbers(codes[VARIANT - SEED : VARIANT])[0])
            seeds.setdefault(seed, []).append((number, row))
    wanted = np.array(sorted(seeds))
    with open_genome(path) as genome:
        for contig, length in genome.contigs.items():
            for begin in range(0, length, PIECE):
                codes = tokens(genome.fetch((contig, begin, begin + PIECE + 99)), unknown="N")[0]
                seen = numbers(codes)[: PIECE + 99 - VARIANT]
                for at in np.flatnonzero(np.isin(seen, wanted)).tolist():
                    start = at + SEED - VARIANT
                    there = codes[start : start + 100] if start >= 0 else codes[:0]
                    for number, row in seeds[int(seen[at])]:
                        own = sets[number].first[row]
                        if len(there) == 100 and (there != own).sum() <= 1:  # the variant
                            found[number].setdefault(row, set()).add((contig, begin + start))
    return [
        [(row, *places.pop()) for row, places in sorted(of_set.items()) if len(places) == 1]
        for of_set in found
    ]


def numbers(codes):
    """The number of the SEED bp that begin at each place, int64; -1 with an N."""
    found = np.zeros(len(codes) - SEED + 1, np.int64)
    unknown = np.zeros(len(found), bool)
    for offset in range(SEED):
        here = codes[offset : offset + len(found)]
        found = found * 4 + np.minimum(here, 3)
        unknown |= here > 3
    found[unknown] = -1
    return found


def report_context(use, name, pairs, places, columns, path):
    """Rows of the pairs that lie in the genome: N around them, and the genome's bases."""
    rows = [row for row, *_ in places]
    alleles = [codes[rows] for codes in pairs[1:]]
    blank = [widened(codes, use.window) for codes in alleles]
    with open_genome(path) as genome:
        full = [np.stack(list(inside(genome, codes, places, use.window))) for codes in alleles]
    for told, both in (("N around", blank), ("genome around", full)):
        differences = difference(use.scorer, *both, columns)
        print_row([name, pairs.target, told, len(rows), *accuracies(differences), ""])


def inside(genome, alleles, places, window):
    """Windows of the genome with alleles in their middle, uint8 (window,)."""
    spare = (window - 100) // 2
    for codes, (_, contig, start) in zip(alleles, places, strict=True):
        first = start - spare
        there = tokens(genome.fetch((contig, first, first + window)), unknown="N")[0]
        there[spare : spare + 100] = codes
        yield there


def print_row(cells):
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("variants", metavar="VARIANTS", help="folder of the pairs")
    parser.add_argument("--weights", nargs="+", metavar="NAME", help="(default: all of chromatin)")
    parser.add_argument("--genome", metavar="G.fa", help="FASTA or 2bit of hg19, or a part of it")
    parser.add_argument("--most", type=int, metavar="N", help="pairs of a set, evenly spaced")
    parser.add_argument("--engine", default="auto", choices=("keras", "onnx", "auto"))
    main(parser.parse_args())
