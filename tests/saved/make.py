"""Makes a set of files as README.md describes it, with the installed version of the package.

python tests/saved/make.py FOLDER
"""

import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np

import genome_keras

MODELS = {
    "basset": {"window": 60, "filters": (6, 5, 4), "widths": (7, 5, 3), "pools": (2, 2, 2)}
    | {"hidden": (8, 8)},
    "bigru_multitask": {"window": 20, "units": 4, "depth": 2, "both_strands": True},
    "char_rnn": {"window": 20, "units": 4},
    "clockwork_rnn": {"window": 20, "embedding": 4, "width": 3, "units": 6, "periods": (1, 2)},
    "conv_bigru": {"window": 20, "filters": (6, 4), "units": 3, "both_strands": True},
    "danq": {"window": 60, "filters": 4, "width": 5, "pool": 3, "units": 3, "hidden": 4},
    "deepbind": {"window": 20, "filters": 4, "width": 5, "hidden": 4},
    "deepsea": {"window": 60, "filters": (4, 4), "widths": (3, 3), "pools": (2, 2), "hidden": 4}
    | {"dropout": (0.1, 0.1)},
    "integer_logreg": {"window": 20},
    "kmer_logreg": {"window": 20, "k": (1, 2)},
    "kmer_rnn": {"window": 20, "word": 2, "embedding": 4, "units": 3},
}


def make(folder: Path) -> None:
    """Writes the models, their scores, the data and the run; the folder must not exist."""
    folder.mkdir(parents=True)
    draw, arrays = np.random.default_rng(0), {}
    for name, arguments in MODELS.items():
        tasks = {} if name == "char_rnn" else {"tasks": 3}
        model = getattr(genome_keras, name)(**arguments, **tasks, seed=1)
        codes = draw.integers(0, 5, (3, arguments["window"]), dtype=np.uint8)
        arrays[f"{name}_codes"], arrays[name] = codes, model.predict(codes, verbose=0)
        model.save(folder / f"{name}.keras")
        pack(folder / f"{name}.keras")
    with h5py.File(folder / "data.h5", "w") as file:
        file["x"] = draw.integers(0, 4, (60, 20), dtype=np.uint8)
        file["y"] = draw.integers(0, 2, (60, 3)).astype("int8")
        file["split"] = np.array(["train"] * 40 + ["valid"] * 10 + ["test"] * 10, "S5")
        file["tasks"] = np.array(["a", "b", "c"], "S1")
    train = [sys.executable, "-m", "genome_keras", "train", "data.h5", "--out", "run"]
    train += ["--set", "units=3", "--epochs", "1", "--batch-size", "20"]
    subprocess.run(train, cwd=folder, check=True)
    model = genome_keras.load_model(folder / "run" / "best.weights.h5")
    arrays["run_codes"] = draw.integers(0, 5, (3, 20), dtype=np.uint8)
    arrays["run"] = model.predict(arrays["run_codes"], verbose=0)
    np.savez_compressed(folder / "scores.npz", **arrays)


def pack(path: Path) -> None:
    """Compresses the members of a zip file, which Keras only stores."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, content in members.items():
            file.writestr(name, content)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
