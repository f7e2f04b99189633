"""Gives a data set of the 192 human tracks the 919 columns of the DeepSEA tasks.

    python weights/make/map_919.py DATA.h5 OUT.h5

The columns with the cell and target of a track get its labels; all others are -1, "not
measured".
"""

import argparse

import h5py
import numpy as np
from tqdm import tqdm

from genome_keras.datasets.task_table import tasks
from genome_keras.io.atomic import atomic

ROWS = 8192


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="HDF5 data set of the 192 tracks")
    parser.add_argument("out", help="the HDF5 data set to write")
    options = parser.parse_args()
    tracks, columns = tasks("human-chromatin-192"), tasks("deepsea-919")
    track_of = np.full(len(columns), len(tracks))  # the last column of `labels` below is -1
    for track, same in enumerate(tracks.deepsea_columns):
        track_of[list(same)] = track
    with h5py.File(options.data) as old, atomic(options.out) as path, h5py.File(path, "w") as new:
        n, found = old["y"].shape
        if found != len(tracks):
            raise SystemExit(f"{options.data}: expected {len(tracks)} tasks, got {found}")
        for name in old:
            if name not in ("y", "tasks"):
                old.copy(name, new)
        new["tasks"] = np.array(columns.names, "S")
        y = new.create_dataset(
            "y", (n, len(columns)), "int8", chunks=(1024, len(columns)), compression="gzip"
        )
        for first in tqdm(range(0, n, ROWS), disable=None):
            labels = old["y"][first : first + ROWS]
            unmeasured = np.full((len(labels), 1), -1, "int8")
            y[first : first + ROWS] = np.hstack([labels, unmeasured])[:, track_of]


if __name__ == "__main__":
    main()
