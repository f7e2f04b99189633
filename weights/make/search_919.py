"""Small networks on a part of the training regions, to choose what is trained at length.

    python weights/make/search_919.py DATA_200.h5 DATA_1200.h5 RUNS

Runs what docs/results.md tells of the search, one after the other: networks of 200 bp on a
tenth of the regions, and what stands beside the first of them at 1000 bp, on 40,000 or as far as
it went there. All read the same regions in the same order where they read the same file, so the
training loss of a first pass (each region is scored before it is learned) compares them before
the end. The table of those of 200 bp is printed.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import keras
from keras import ops
from validation_table import last_line, validation_table

from genome_keras.layers.places import PlaceSums
from genome_keras.layers.recurrent import GRU, GateBias
from genome_keras.layers.strands import OneHot
from genome_keras.layers.task_head import SigmoidHead
from genome_keras.models._factory import Seeds, codes_in, factory, scores_out

TENTH = 54_666
GRUS = '{"units": 96}'
SHORT = {
    "gru": ("search_919:short", GRUS),
    "gru_place": ("search_919:short", '{"units": 96, "read": "max mean place"}'),
    "gru_attention": ("search_919:short", '{"units": 96, "read": "max mean attended"}'),
    "excited_gru": ("search_919:short", '{"units": 96, "blocks": 1, "block": "excited"}'),
    "gated": ("search_919:short", '{"blocks": 3, "block": "gated", "read": "max mean place"}'),
    "inverted": (
        "search_919:short",
        '{"blocks": 3, "block": "inverted", "read": "max mean place"}',
    ),
    "conv_bigru": ("conv_bigru", '{"window": 200, "tasks": 919, "blocks": 0}'),
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
    for name, (model, arguments) in SHORT.items():
        one(short, runs, name, model, arguments, TENTH, TENTH // 64)
    for name, (arguments, stop) in LONG.items():
        more = ["--stop", str(stop), "--shift", "100"]
        one(long, runs, name, "search_919:two", arguments, 40_000, 625, *more)
    logs = {name: last_line(Path(runs) / name) for name in SHORT}
    rows = [(f"`{name}`", log["cpu_s"], log["valid"]) for name, log in logs.items()]
    print(*validation_table(rows), sep="\n")


def one(data, runs, name, model, arguments, regions, steps, *more):
    script = Path(__file__).with_name("train_919.py")
    command = [sys.executable, script, data, Path(runs) / name, "--model", model]
    command += ["--set", arguments, "--regions", str(regions), "--steps", str(steps)]
    subprocess.run([*command, "--average", "0.99", *more], check=True)


class Parts:
    """Layers with the seeds of one network."""

    def __init__(self, seed):
        self.seeds = Seeds(seed)

    def glorot(self):
        return keras.initializers.GlorotUniform(seed=self.seeds())

    def conv(self, x, name, filters, width=5, *, dilation=1, stride=1, pool=1, activation="silu"):
        how = {"padding": "same", "dilation_rate": dilation, "strides": stride, "use_bias": False}
        x = keras.layers.Conv1D(filters, width, **how, kernel_initializer=self.glorot())(x)
        if pool > 1:
            x = keras.layers.MaxPooling1D(pool, padding="same")(x)
        x = keras.layers.BatchNormalization(momentum=0.97, name=f"{name}_norm")(x)
        return keras.layers.Activation(activation)(x)

    def excited(self, x):
        """Squeeze and excitation."""
        gate = keras.layers.GlobalAveragePooling1D(keepdims=True)(x)
        gate = keras.layers.Dense(x.shape[-1] // 4, "silu", kernel_initializer=self.glorot())(gate)
        gate = keras.layers.Dense(x.shape[-1], "sigmoid", kernel_initializer=self.glorot())(gate)
        return x * gate

    def block(self, x, kind, number):
        """A residual block of one kind, dilated by 2**number."""
        filters, how = x.shape[-1], {"dilation": 2**number}
        if kind == "gated":  # one half of the filters gates the other
            both = self.conv(x, f"gated_{number}", 2 * filters, **how, activation="linear")
            value, gate = ops.split(both, 2, -1)
            return x + value * ops.sigmoid(gate)
        if kind == "inverted":  # wide and one filter a channel between two narrow ones
            y = self.conv(x, f"wide_{number}", 4 * filters, 1)
            y = keras.layers.DepthwiseConv1D(
                7,
                padding="same",
                dilation_rate=2**number,
                use_bias=False,
                depthwise_initializer=self.glorot(),
            )(y)
            y = keras.layers.BatchNormalization(momentum=0.97, name=f"deep_{number}_norm")(y)
            y = self.excited(keras.layers.Activation("silu")(y))
            return x + self.conv(y, f"narrow_{number}", filters, 1, activation="linear")
        y = self.conv(x, f"block_{number}", filters, **how)
        return x + (self.excited(y) if kind == "excited" else y)

    def grus(self, x, units):
        def one(x):
            start = {"kernel_initializer": self.glorot(), "bias_initializer": GateBias()}
            start["recurrent_initializer"] = keras.initializers.Orthogonal(seed=self.seeds())
            return GRU(units, return_sequences=True, **start)(x)

        return ops.concatenate([one(x), ops.flip(one(ops.flip(x, 1)), 1)], -1)

    def read(self, x, how):
        read = {"max": lambda: ops.max(x, 1), "mean": lambda: ops.mean(x, 1)}
        read["place"] = lambda: PlaceSums(2, seed=self.seeds())(x)
        read["attended"] = lambda: self.attended(x, 4)
        return [read[one]() for one in how.split()]

    def attended(self, x, sums):
        """Weighted sums over places; the weights know what stands there, and where."""
        weights = keras.layers.Dense(sums, kernel_initializer=self.glorot())(x)
        weights = ops.softmax(PlaceBias()(weights), 1)
        return ops.reshape(
            ops.matmul(ops.transpose(weights, (0, 2, 1)), x), (-1, sums * x.shape[-1])
        )


class PlaceBias(keras.layers.Layer):
    """Adds a number of its own to each place of each channel."""

    def build(self, input_shape):
        self.bias = self.add_weight(name="bias", shape=input_shape[1:], initializer="zeros")

    def call(self, inputs):
        return inputs + self.bias


@factory
def short(
    *,
    window=200,
    tasks=919,
    blocks=0,
    block="plain",
    units=0,
    read="max mean",
    seed=None,
    weights=None,
):
    parts = Parts(seed)
    codes, x = codes_in(window)
    x = parts.conv(OneHot()(x), "first", 256, 19, pool=4)
    x = parts.conv(x, "second", 128)
    for number in range(blocks):
        x = parts.block(x, block, number)
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
