"""Makes the ONNX graphs of checkpoints, by which they are scored without a framework.

    python weights/make/graphs.py [NAME ...] [--into DIR]

NAME is `architecture.data.vN`, whose NAME.weights.h5 and NAME.json lie in DIR; without one, all
of DIR that have no graph yet and need one. Each becomes NAME.onnx beside its weights: small,
for the weights are read from their own file. The same weights give the same bytes, with the
same versions of Keras, TensorFlow and tf2onnx. A graph is written if its scores are those of
the model on random codes, and those of the card's probe, to 1e-5. Prints the line for each
entry in genome_keras/weights/registry.py, and writes SHA256SUMS.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import checkpoint_files
import numpy as np
import onnx
from onnx_form import as_bytes, canonical, without_weights

import genome_keras
from genome_keras.errors import GenomeKerasError, WeightsError
from genome_keras.io.atomic import atomic
from genome_keras.io.digest import sha256_of
from genome_keras.scoring.numpy_models import NUMPY_MODELS
from genome_keras.scoring.onnx import onnx_session
from genome_keras.sharing.export import export
from genome_keras.weights.graphs import SUFFIX
from genome_keras.weights.resolve import find

HERE = Path(__file__).parents[1]
WEIGHTS = ".weights.h5"
TOLERANCE = 1e-5


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: those without one")
    parser.add_argument("--into", type=Path, default=HERE, help="folder (default: weights)")
    options = parser.parse_args()
    os.environ["PYTHONHASHSEED"] = "1"  # of the process with tf2onnx, which goes through sets
    for name in options.names or lacking(options.into):
        path = write_graph(options.into, name)
        print(f'{name}: graph_sha256="{sha256_of(path)}",', flush=True)
    checkpoint_files.write_sums(options.into)


def lacking(folder):
    """Names of the checkpoints of a folder that have no graph, and whose models need one."""
    names = sorted(path.name.removesuffix(WEIGHTS) for path in folder.glob("*" + WEIGHTS))
    return [
        name
        for name in names
        if name.partition(".")[0] not in NUMPY_MODELS and not (folder / (name + SUFFIX)).exists()
    ]


def write_graph(folder, name, *, make=export):
    """Makes the graph of a checkpoint and gives its path.

    Args:
        folder: with NAME.weights.h5 and NAME.json.
        name: of the checkpoint.
        make: as `genome_keras.export`.

    Raises:
        WeightsError: the checkpoint cannot be used, or its probe has other scores.
        GenomeKerasError: it cannot be exported.
    """
    folder = Path(folder)
    checkpoint = find(folder / (name + WEIGHTS))
    with tempfile.TemporaryDirectory(prefix="genome_keras-") as other:
        whole = Path(other, "whole.onnx")
        make(checkpoint.name, whole, format="onnx")  # compared with the model there
        graph = canonical(without_weights(onnx.load(whole), checkpoint.path))
        with atomic(folder / (name + SUFFIX)) as draft:
            draft.write_bytes(as_bytes(graph))
            check(onnx_session(draft), onnx_session(whole), checkpoint)
    return folder / (name + SUFFIX)


def check(scores, whole, checkpoint):
    """Raises WeightsError unless a graph scores as another one does, and as the card says."""
    codes = genome_keras.tokens(checkpoint.config["probe"])
    expected = np.array(checkpoint.config["probe_scores"])
    random = np.random.default_rng(0).integers(0, 5, (5, codes.shape[1]), dtype=np.uint8)
    worst = max(
        np.abs(scores(codes) - expected).max(), np.abs(scores(random) - whole(random)).max()
    )
    if not worst <= TOLERANCE:
        raise WeightsError(f"{checkpoint.name}: its graph differs by {worst:.1e}")


if __name__ == "__main__":
    try:
        main()
    except (GenomeKerasError, ValueError) as error:
        sys.exit(f"graphs: {error}")
