"""Which factors' motifs does a checkpoint know, and which had any in its training data?

    python benchmarks/motif_recovery.py DATA.h5 [--weights NAME] [--windows N] [--factors NAME ...]
    python benchmarks/motif_recovery.py DATA.h5 --sites --factors NAME ... --p-value 1e-6

For each factor, the task with the most positives in training. Of the test chromosomes, labelled
windows of the task with the highest scores are attributed, patterns are found and compared with
JASPAR's vertebrate matrices, as in `motifs.py`. Beside it, what needs no window with a site: the
change of the log-odds when the consensus of the factor's matrix is put into shuffled windows, and
when its letters are put there in another order. Both again for an untrained model of the factory.

To tell what could be learned at all: of the training data, the task's positives, and the share of
them, and of the windows that are none, which has a site of the matrix. With --sites nothing but
this, of all windows and all tasks of the factors, for each matrix.
"""

import argparse

import numpy as np

import genome_keras
from genome_keras.datasets.chromatin_data import chromatin, open_chromatin
from genome_keras.encode import decode
from genome_keras.interpret import Attribution, find_patterns, marginalize, of_letters, shuffled
from genome_keras.motifs.sites import scan
from genome_keras.scoring.load import load_model
from genome_keras.scoring.scorer import Scorer
from motifs import RELEASE, SEED, jaspar, matched, tasks_of

FACTORS = (
    *("CTCF", "SPI1", "RELA", "CEBPB", "JUND", "ATF3", "ATF7", "CREB1", "MAFK", "GABPA", "YY1"),
    *("EGR1", "SRF", "TEAD4", "MAX", "MYC", "E2F6", "FOXA1", "FOXA2", "HNF4A", "GATA3", "RFX5"),
    *("ZNF143", "TCF12", "TCF7L2", "STAT3", "ARID3A", "REST"),
)
HEADS = (
    *("factor", "task", "positives", "with a site", "others"),
    *("pattern", "correlation", "p", "rank", "consensus", "other order"),
    *("untrained: correlation", "p", "rank", "consensus"),
)
BACKGROUNDS = 40


def main(options):
    known, train, test = jaspar(), *(chromatin(options.data, split) for split in ("train", "test"))
    tasks = tasks_of(options.factors, open_chromatin(options.data, "train"))
    models = trained_and_not(options.weights)
    random = np.random.default_rng(SEED)
    rows = np.sort(random.choice(len(test), BACKGROUNDS, replace=False))
    backgrounds = shuffled(np.asarray(test.codes[rows]), 1, seed=SEED)[:, 0]
    print(f"{options.weights}, {options.windows} windows of each, {RELEASE}\n")
    for cells in (HEADS, ["---"] * len(HEADS)):
        print_row(cells)
    for factor, task in tasks.items():
        motif, cells = in_training(factor, known, train, task, options)
        codes = strongest(test, task, models[0].scorer, options.windows)
        words = [motif, other_order(motif)]
        found = []
        for model in models:
            letters = of_letters(model(codes, tasks=task), codes)
            match = matched(factor, known, find_patterns(letters, codes))
            moved = marginalize(model.scorer, words, backgrounds).change[..., task].mean(0)
            found.append((match, moved))
        (own, moved), (none, by_none) = found
        cells += [f"`{own['consensus']}`", *told(own), *(f"{x:+.2f}" for x in moved)]
        cells += [*told(none), f"{by_none[0]:+.2f}"]
        print_row([factor, " ".join(test.tasks[task].removesuffix("|None").split("|")), *cells])


def count_sites(options):
    """Of each matrix and task of a factor: windows with a site, and positives among them."""
    known = jaspar()
    print_row(("split", "matrix", "task", "windows", "positives", "with a site", "both"))
    print_row(["---"] * 7)
    for split in ("train", "test"):
        data = chromatin(options.data, split)
        codes, labels = np.asarray(data.codes), np.asarray(data.labels)
        for factor in options.factors:
            for motif in (known.motifs[i] for i in known.of(factor)[0]):
                rows = np.unique(scan(codes, motif, p_value=options.p_value).windows)
                for task, name in enumerate(data.tasks):
                    if name.split("|")[1] == factor:
                        counts = (labels[:, task] == 1).sum(), len(rows)
                        counts += ((labels[rows, task] == 1).sum(),)
                        counts = [f"{count:,}" for count in (len(codes), *counts)]
                        print_row([split, motif.name, " ".join(name.split("|")), *counts])


def trained_and_not(weights):
    """`Attribution`s of the checkpoint and of an untrained model of its factory."""
    model = load_model(weights)
    made = model.checkpoint
    blank = getattr(genome_keras, made.architecture)(**made.arguments, seed=SEED)
    how = {"tasks": 0, "method": "integrated_gradients", "steps": 8}
    return [Attribution(Scorer(each), **how) for each in (model, blank)]


def in_training(factor, known, train, task, options):
    """The consensus of the matrix with most sites, and the cells that tell of the training."""
    labels = np.asarray(train.labels[:, task])
    random = np.random.default_rng(SEED)
    some = []
    for value in (1, 0):
        rows = np.flatnonzero(labels == value)
        rows = np.sort(random.choice(rows, min(len(rows), options.examples), replace=False))
        some.append(np.asarray(train.codes[rows]))
    motifs = [known.motifs[i] for i in known.of(factor)[0]]
    shares = [
        [len(scan(codes, motif, p_value=options.p_value).windows) / len(codes) for codes in some]
        for motif in motifs
    ]
    best = int(np.argmax([with_site for with_site, _ in shares]))
    letters = decode(motifs[best].matrix.argmax(1).astype(np.uint8))[0]
    return letters, [f"{(labels == 1).sum():,}", *(f"{share:.1%}" for share in shares[best])]


def strongest(data, task, scorer, count):
    """Labelled windows with the highest scores, of eight times as many by chance."""
    rows = np.flatnonzero(np.asarray(data.labels[:, task]) == 1)
    random = np.random.default_rng(SEED)
    rows = np.sort(random.choice(rows, min(len(rows), 8 * count), replace=False))
    codes = np.asarray(data.codes[rows])
    return codes[np.argsort(-scorer.scores(codes)[:, task], kind="stable")[:count]]


def other_order(word):
    """The letters of a word in another order."""
    return "".join(np.random.default_rng(SEED).permutation(list(word)))


def told(match):
    return f"{match['correlation']:.2f}", f"{match['p_value']:.2g}", str(match["rank"])


def print_row(cells):
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", metavar="DATA.h5", help="labelled windows of its tasks")
    parser.add_argument("--weights", default="conv_bigru.human_chromatin.v1")
    parser.add_argument("--factors", nargs="+", default=FACTORS, metavar="NAME")
    parser.add_argument("--windows", type=int, default=40, help="of each factor")
    parser.add_argument("--examples", type=int, default=2000, help="of training, of each label")
    parser.add_argument("--p-value", type=float, default=1e-4, help="of a site in training")
    parser.add_argument("--sites", action="store_true", help="count sites, and score nothing")
    options = parser.parse_args()
    count_sites(options) if options.sites else main(options)
