"""What need not be computed twice: beside the same work with full passes, one by one.

    OMP_NUM_THREADS=1 python benchmarks/changes.py [--rounds 3] [--only attributions]

Mutagenesis and variants of convolutional checkpoints by the default engine beside full passes of
the same engine; windows of nothing but N; attributions of several tasks by gradients beside as
many calls, on the backend of KERAS_BACKEND; occlusion by the default engine beside Keras.
Processor time of one thread, in turns in one process; the numbers of both ways are compared
before they are told.
"""

import argparse
import statistics

import numpy as np

from genome_keras import load_model
from turns import Row, ratios, spread, versions
from waits import beside

# Checkpoint, and the savings that were counted: of mutagenesis and of variants.
COUNTED = {
    "basset.human_chromatin_1000bp.v1": ("12", "1.85"),
    "conv_bigru.human_chromatin.v1": ("1.9", "1.3"),
    "conv_bigru.human_chromatin_200bp.v1": ("3", "1.5"),
}
PAIRS, TASKS = 64, (4, 16)
BY_GRADIENTS = "conv_bigru.human_chromatin.v1"
PARTS = ("checkpoints", "blank", "attributions")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=PARTS, choices=PARTS)
    print("| what | ours, s | full passes, s | times as fast | goal |\n|---|---:|---:|---|---|")
    for row in compare(parser.parse_args()):
        ours, theirs = (statistics.median(each) for each in (row.ours, row.theirs))
        told = spread(ratios(row.theirs, row.ours), "{:.2f}")
        print(f"| {row.what} | {ours:.3g} | {theirs:.3g} | {told} | {row.goal} |", flush=True)


def compare(options):
    """Rows of `table.py`."""
    only = getattr(options, "only", PARTS)
    if "checkpoints" in only:
        for name, (ism, variants) in COUNTED.items():
            yield from of_checkpoint(name, ism, variants, options.rounds)
    if "blank" in only:
        yield blank(options.rounds)
    if "attributions" in only:
        yield from attributions(options.rounds)
        yield occlusion(options.rounds)


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

    codes = np.random.default_rng(0).integers(0, 4, (16, 100), dtype=np.uint8)
    settings = {"integrated_gradients": {"steps": 4}, "deep_lift_shap": {"references": 4}}
    for method, count in (*(("integrated_gradients", n) for n in TASKS), ("deep_lift_shap", 4)):
        tasks = list(range(count))
        how = {"method": method, "batch_size": len(codes) * 4, **settings[method]}
        together = Attribution(BY_GRADIENTS, tasks=tasks, **how)
        one = Attribution(together.scorer, tasks=0, **how)
        ways = (
            lambda work=together: work(codes),
            lambda work=one, tasks=tasks: [work(codes, tasks=[task]) for task in tasks],
        )
        found = beside(ways, rounds)
        what = f"{method} of {count} tasks, conv_bigru, {keras.backend.backend()}"
        yield Row(what, "s", found[0], "a task at a time", found[1], goal="> 1")


def occlusion(rounds):
    import keras

    from genome_keras.interpret.attribution import Attribution

    codes = np.random.default_rng(0).integers(0, 4, (1, 100), dtype=np.uint8)
    how = {"tasks": list(range(max(TASKS))), "method": "occlusion"}
    ours, theirs = Attribution(BY_GRADIENTS, **how), Attribution(load_model(BY_GRADIENTS), **how)
    np.testing.assert_allclose(ours(codes), theirs(codes), atol=1e-3)  # log-odds
    found = beside((lambda: ours(codes), lambda: theirs(codes)), rounds)
    what, peer = (
        "occlusion of a window, conv_bigru, by default",
        f"Keras, {keras.backend.backend()}",
    )
    return Row(what, "s", found[0], peer, found[1], goal="> 1")


if __name__ == "__main__":
    main()
