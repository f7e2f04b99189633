"""What need not be computed twice: beside the same work with full passes, one by one.

    OMP_NUM_THREADS=1 python benchmarks/changes.py [--rounds 3]

Mutagenesis and variants of convolutional checkpoints by the default engine beside full passes of
the same engine; windows of nothing but N; attributions of eight tasks by gradients beside as
many calls; occlusion by the default engine beside Keras. Processor time of one thread, in turns
in one process; the numbers of both ways are compared before they are told.
"""

import argparse
import statistics

import numpy as np

from turns import Row, ratios, spread, versions
from waits import beside

# Checkpoint, and the savings that were counted: of mutagenesis and of variants.
COUNTED = {
    "basset.human_chromatin_1000bp.v1": ("12", "1.85"),
    "conv_bigru.human_chromatin.v1": ("1.9", "1.3"),
    "conv_bigru.human_chromatin_200bp.v1": ("3", "1.5"),
}
PAIRS, TASKS = 64, 8


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    print("| what | ours, s | full passes, s | times as fast | goal |\n|---|---:|---:|---|---|")
    for row in compare(parser.parse_args()):
        ours, theirs = (statistics.median(each) for each in (row.ours, row.theirs))
        told = spread(ratios(row.theirs, row.ours), "{:.2f}")
        print(f"| {row.what} | {ours:.3g} | {theirs:.3g} | {told} | {row.goal} |", flush=True)


def compare(options):
    """Rows of `table.py`."""
    for name, (ism, variants) in COUNTED.items():
        yield from of_checkpoint(name, ism, variants, options.rounds)
    yield blank(options.rounds)
    yield from attributions(options.rounds)


def of_checkpoint(name, ism, variants, rounds):
    from genome_keras.interpret import Mutagenesis
    from genome_keras.scoring.model_in_use import model_in_use

    scorer = model_in_use(name, engine="onnx").scorer
    draw, engine = np.random.default_rng(0), versions(["onnxruntime"])
    codes = draw.integers(0, 4, (1, scorer.window), dtype=np.uint8)
    few, full = Mutagenesis(scorer), Mutagenesis(scorer, reuse=False)
    np.testing.assert_allclose(few(codes), full(codes), atol=1e-5)
    found = beside((lambda: few(codes), lambda: full(codes)), rounds)
    peer, short = f"full passes, {engine}", name.partition(".human")[0]
    what = f"ISM window of {scorer.window} bp, {short}"
    yield Row(what, "s", found[0], peer, found[1], goal=f"{ism} counted")
    pairs = np.repeat(draw.integers(0, 4, (PAIRS, scorer.window), dtype=np.uint8), 2, 0)
    pairs[1::2, scorer.window // 2] = (pairs[::2, scorer.window // 2] + 1) % 4
    np.testing.assert_allclose(scorer.scores(pairs, alike=True), scorer.scores(pairs), atol=1e-5)
    ways = (lambda: scorer.scores(pairs, alike=True), lambda: scorer.scores(pairs))
    found = beside(ways, rounds)
    what = f"{PAIRS} SNVs, {scorer.window} bp, {short}"
    yield Row(what, "s", found[0], peer, found[1], goal=f"{variants} counted")


def blank(rounds):
    from genome_keras.scoring.model_in_use import model_in_use

    scorer = model_in_use("bigru_multitask.human_chromatin.v2", engine="onnx").scorer
    codes = np.random.default_rng(0).integers(0, 4, (256, scorer.window), dtype=np.uint8)
    codes[::4] = 4
    bare = scorer.model.predict_on_batch
    found = beside((lambda: scorer.scores(codes), lambda: bare(codes)), rounds)
    what = "windows of which a quarter is nothing but N, bigru_multitask"
    return Row(what, "s", found[0], "each scored", found[1], goal="1.33 counted")


def attributions(rounds):
    import keras

    from genome_keras.interpret.attribution import Attribution

    name, tasks = "conv_bigru.human_chromatin.v1", list(range(TASKS))
    codes = np.random.default_rng(0).integers(0, 4, (16, 100), dtype=np.uint8)
    how = {"tasks": tasks, "method": "integrated_gradients", "steps": 4}
    together = Attribution(name, **how)
    apart = lambda: [together(codes, tasks=[task]) for task in tasks]  # noqa: E731
    found = beside((lambda: together(codes), apart), rounds)
    backend = keras.backend.backend()
    what = f"gradients of {TASKS} tasks, conv_bigru, {backend}"
    yield Row(what, "s", found[0], "a task at a time", found[1], goal="> 1")
    few, ours = codes[:1], Attribution(name, tasks=tasks, method="occlusion")
    theirs = Attribution(together.scorer, tasks=tasks, method="occlusion")
    np.testing.assert_allclose(ours(few), theirs(few), atol=1e-3)  # log-odds
    found = beside((lambda: ours(few), lambda: theirs(few)), rounds)
    what, peer = "occlusion of a window, conv_bigru, by default", f"Keras, {backend}"
    yield Row(what, "s", found[0], peer, found[1], goal="> 1")


if __name__ == "__main__":
    main()
