"""Scores of training regions by other networks, for `train_919.py --teacher`.

    python weights/make/teacher_919.py DATA.h5 OUT.npy NAME [NAME ...] [--regions N] [--seed N]

NAME is a checkpoint, read from the middle of the regions on one strand; of several, the mean of
their log-odds is kept, as float16 (regions, 919), NaN where nothing was asked. --regions and
--seed choose the same regions as in `train_919.py`.
"""

import argparse

import h5py
import numpy as np
from train_919 import drawn

from genome_keras.io.atomic import atomic
from genome_keras.scoring.effects import sigmoid
from genome_keras.scoring.load import build
from genome_keras.weights.calibration import log_odds
from genome_keras.weights.resolve import find

LEAST = 6e-8  # the smallest number of half precision


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--regions", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with h5py.File(options.data) as file:
        split, codes = file["split"].asstr()[:], file["x"][:]
    rows = drawn(np.flatnonzero(split == "train"), options.regions, options.seed)
    odds = np.mean([log_odds(scored(name, codes[rows])) for name in options.names], 0)
    scores = np.full((len(codes), odds.shape[1]), np.nan, "float16")
    scores[rows] = np.clip(sigmoid(odds), LEAST, 1)
    with atomic(options.out) as temporary, open(temporary, "wb") as file:
        np.save(file, scores)


def scored(name, codes):
    model = build(find(name), both_strands=False)
    left = (codes.shape[1] - model.input_shape[1]) // 2
    codes = codes[:, left : left + model.input_shape[1]]
    return model.predict(codes, batch_size=256, verbose=2)


if __name__ == "__main__":
    main()
