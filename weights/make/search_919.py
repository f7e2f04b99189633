"""Small networks on a part of the training regions, to choose what is trained at length.

    python weights/make/search_919.py DATA_200.h5 DATA_1200.h5 RUNS

Runs what docs/results.md tells of the search, one after the other, 40,000 regions each or
as far as it went there. All read the same regions in the same order where they read the same
file, so the training loss of a first pass (each region is scored before it is learned) compares
them before the end.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import keras
from keras import ops

from genome_keras.layers.places import PlaceSums
from genome_keras.layers.recurrent import GRU, GateBias
from genome_keras.layers.strands import OneHot
from genome_keras.layers.task_head import SigmoidHead
from genome_keras.models._factory import Seeds, codes_in, factory, scores_out

GRUS = '{"units": 96}'
SHORT = {
    "short_gru": (GRUS, 625),
    "short_se_gru_place": ('{"units": 96, "blocks": 1, "read": "max mean place"}', 250),
}
LONG = {
    "two_conv": ('{"far_blocks": 3}', 233),
    "two_gru": ('{"far_units": 96}', 200),
    "two_gru_stride": ('{"far_units": 96, "far": [128, 20, 4, 2]}', 150),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("DATA_200.h5", "DATA_1200.h5", "RUNS"):
        parser.add_argument(name)
    short, long, runs = vars(parser.parse_args()).values()
    for name, (arguments, stop) in SHORT.items():
        one(short, runs, name, "short", arguments, stop)
    for name, (arguments, stop) in LONG.items():
        one(long, runs, name, "two", arguments, stop, "--shift", "100")


def one(data, runs, name, model, arguments, stop, *more):
    script = Path(__file__).with_name("train_919.py")
    command = [sys.executable, script, data, Path(runs) / name, "--model", f"search_919:{model}"]
    command += ["--set", arguments, "--regions", "40000", "--steps", "625", "--stop", str(stop)]
    subprocess.run([*command, "--average", "0.99", *more], check=True)


class Parts:
    """Layers with the seeds of one network."""

    def __init__(self, seed):
        self.seeds = Seeds(seed)

    def glorot(self):
        return keras.initializers.GlorotUniform(seed=self.seeds())

    def conv(self, x, name, filters, width=5, *, dilation=1, stride=1, pool=1):
        how = {"padding": "same", "dilation_rate": dilation, "strides": stride, "use_bias": False}
        x = keras.layers.Conv1D(filters, width, **how, kernel_initializer=self.glorot())(x)
        if pool > 1:
            x = keras.layers.MaxPooling1D(pool, padding="same")(x)
        x = keras.layers.BatchNormalization(momentum=0.97, name=f"{name}_norm")(x)
        return keras.layers.Activation("silu")(x)

    def excited(self, x):
        """Squeeze and excitation."""
        gate = keras.layers.GlobalAveragePooling1D(keepdims=True)(x)
        gate = keras.layers.Dense(x.shape[-1] // 4, "silu", kernel_initializer=self.glorot())(gate)
        gate = keras.layers.Dense(x.shape[-1], "sigmoid", kernel_initializer=self.glorot())(gate)
        return x * gate

    def grus(self, x, units):
        def one(x):
            start = {"kernel_initializer": self.glorot(), "bias_initializer": GateBias()}
            start["recurrent_initializer"] = keras.initializers.Orthogonal(seed=self.seeds())
            return GRU(units, return_sequences=True, **start)(x)

        return ops.concatenate([one(x), ops.flip(one(ops.flip(x, 1)), 1)], -1)

    def read(self, x, how):
        read = {"max": lambda: ops.max(x, 1), "mean": lambda: ops.mean(x, 1)}
        read["place"] = lambda: PlaceSums(2, seed=self.seeds())(x)
        return [read[one]() for one in how.split()]


@factory
def short(*, window=200, tasks=919, blocks=0, units=0, read="max mean", seed=None, weights=None):
    parts = Parts(seed)
    codes, x = codes_in(window)
    x = parts.conv(OneHot()(x), "first", 256, 19, pool=4)
    x = parts.conv(x, "second", 128)
    for number in range(blocks):
        x = x + parts.excited(parts.conv(x, f"block_{number}", 128, dilation=2**number))
    x = parts.grus(x, units) if units else x
    return _out("short", codes, parts.read(x, read), parts, tasks)


@factory
def two(
    *,
    window=1000,
    tasks=919,
    far=(96, 15, 1, 8),
    far_blocks=0,
    far_units=0,
    seed=None,
    weights=None,
):
    """The network `short` with GRUs on the middle 200 bp, and another on all."""
    parts = Parts(seed)
    codes, x = codes_in(window)
    letters = OneHot()(x)
    x = keras.layers.Cropping1D((window - 200) // 2)(letters)
    x = parts.conv(parts.conv(x, "first", 256, 19, pool=4), "second", 128)
    x = parts.grus(x, 96)
    filters, width, stride, pool = far
    y = parts.conv(letters, "far_first", filters, width, stride=stride, pool=pool)
    y = parts.conv(y, "far_second", 128, pool=2)
    for number in range(far_blocks):
        y = y + parts.conv(y, f"far_{number}", 128, dilation=2**number)
    y = parts.grus(y, far_units) if far_units else y
    read = [*parts.read(x, "max mean"), *parts.read(y, "max mean place")]
    return _out("two", codes, read, parts, tasks)


def _out(name, codes, read, parts, tasks):
    read = keras.layers.Dropout(0.1, seed=parts.seeds())(ops.concatenate(read, -1))
    head = SigmoidHead(tasks, kernel_initializer=parts.glorot(), name="head")
    return scores_out(name, codes, read, head, learning_rate=1e-3, recurrent=True)


if __name__ == "__main__":
    main()
