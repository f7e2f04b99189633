"""What it costs that a model checks its codes: beside a plain Keras model of the same layers.

    KERAS_BACKEND=jax python benchmarks/check_codes.py

Processor time of `predict_on_batch` and of `train_on_batch` for batches of 256 windows, in
turns within one process; the figure is the median over the turns of checked / plain.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import genome_keras
from genome_keras.layers.codes import check_codes

TURNS, CALLS = 9, 4


def processor_seconds(call, *arrays):
    begin = time.process_time()
    for _ in range(CALLS):
        call(*arrays)
    return (time.process_time() - begin) / CALLS


def plain(model):
    """The same layers and weights without the check, compiled alike."""
    other = keras.Model(model.inputs, model.outputs)
    other.compile(keras.optimizers.Adam(), model.loss, jit_compile=model.jit_compile)
    model.compile(keras.optimizers.Adam(), model.loss, jit_compile=model.jit_compile)
    return other


def main():
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    draw = np.random.default_rng(0)
    print("| backend | model | window | work | ms, plain | checked / plain |")
    print("|---|---|---|---|---|---|")
    for name, window in (("kmer_logreg", 1000), ("conv_bigru", 100)):
        checked = getattr(genome_keras, name)(window=window, tasks=20)
        other = plain(checked)
        codes = draw.integers(0, 5, (256, window), dtype=np.uint8)
        labels = draw.integers(0, 2, (256, 20)).astype("int8")
        for work, arrays in (("predict", (codes,)), ("train", (codes, labels))):
            calls = [getattr(one, f"{work}_on_batch") for one in (other, checked)]
            for call in calls:
                call(*arrays)  # compiles
            seconds = np.array(
                [[processor_seconds(call, *arrays) for call in calls] for _ in range(TURNS)]
            )
            ratio, usual = np.median(seconds[:, 1] / seconds[:, 0]), np.median(seconds[:, 0])
            row = keras.backend.backend(), name, window, work, f"{usual * 1e3:.1f}", f"{ratio:.3f}"
            print("|", " | ".join(map(str, row)), "|", flush=True)
    for window in (100, 1000):
        codes = draw.integers(0, 5, (256, window), dtype=np.uint8)
        spent = processor_seconds(lambda codes=codes: check_codes(codes, window=codes.shape[1]))
        print(f"the check alone, 256 windows of {window} bp: {spent * 1e6:.0f} microseconds")


if __name__ == "__main__":
    main()
