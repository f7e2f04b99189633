"""Architectures that NumPy computes as fast as any framework, so that none is loaded."""

from collections.abc import Sequence

import numpy as np

from genome_keras.encode import kmer_counts, reverse_complement_columns
from genome_keras.errors import WeightsError
from genome_keras.scoring.effects import sigmoid
from genome_keras.weights.checkpoint import Checkpoint

K = (1, 2, 3, 4, 5)  # of the factory, where a description names none


class KmerLogreg:
    """`kmer_logreg` as `genome_keras.scoring.scorer.Scorer` takes a model: counts, one product.

    Args:
        kernel: float32 (sum of 4**k, tasks).
        bias: float32 (tasks,).
        k: lengths of the k-mers, as in `genome_keras.encode.kmer_counts`.
        both_strands: whether the counts are the mean of those of both strands.
        window: bp; None is any.

    Example:
        >>> kernel = np.zeros((4, 2), np.float32)
        >>> model = KmerLogreg(kernel, np.zeros(2, np.float32), k=(1,), window=12)
        >>> model.predict_on_batch(np.zeros((1, 12), np.uint8)).tolist()
        [[0.5, 0.5]]
    """

    engine, layers, name, gives_next_bases = "numpy", (), "kmer_logreg", False

    def __init__(
        self,
        kernel: np.ndarray,
        bias: np.ndarray,
        *,
        k: Sequence[int] = K,
        both_strands: bool = False,
        window: int | None = None,
    ) -> None:
        if both_strands:  # the same as to average the counts
            kernel = (kernel + kernel[reverse_complement_columns(tuple(k))]) / 2
        self.kernel, self.bias, self.k = kernel, bias, tuple(k)
        self.input_shape, self.output_shape = (None, window), (None, len(bias))

    def predict_on_batch(self, codes: np.ndarray) -> np.ndarray:
        """P(label = 1), float32 (n, tasks), of codes uint8 (n, window)."""
        counts = kmer_counts(codes, k=self.k).astype(np.float32)
        return sigmoid(counts @ self.kernel + self.bias).astype(np.float32)


def kmer_logreg(checkpoint: Checkpoint, *, both_strands: bool | None = None) -> KmerLogreg:
    """The model of a checkpoint of `kmer_logreg`.

    Args:
        checkpoint: a `genome_keras.weights.Checkpoint`.
        both_strands: None does what the checkpoint says.

    Raises:
        WeightsError: the weights are damaged, or those of something else.

    Example:
        >>> from genome_keras.weights import find
        >>> kmer_logreg(find("kmer_logreg.human_chromatin.v1")).output_shape
        (None, 192)
    """
    arguments = checkpoint.arguments
    k = tuple(arguments.get("k", K))
    arrays = _arrays(checkpoint)
    shapes = [array.shape for array in arrays]
    rows = sum(4**size for size in k) if set(k) <= {*range(1, 9)} else None
    if len(shapes) != 2 or shapes[0] != (rows, *shapes[1]):
        raise WeightsError(
            f"{checkpoint.path}: not the weights of this kmer_logreg (arrays {shapes})"
        )
    if both_strands is None:
        both_strands = arguments.get("both_strands", False)
    window = arguments.get("window", 100)
    return KmerLogreg(*arrays, k=k, both_strands=both_strands, window=window)


def _arrays(checkpoint):
    """The arrays of the layers, float32, those of more axes first."""
    import h5py

    arrays = []

    def visit(_, item):
        if isinstance(item, h5py.Dataset):
            arrays.append(item[()].astype(np.float32))

    with checkpoint.arrays_file() as path, h5py.File(path, "r") as file:
        if "layers" in file:
            file["layers"].visititems(visit)
    return sorted(arrays, key=lambda array: -array.ndim)


# A layer that says `slow_in_onnx` has its architecture here.
NUMPY_MODELS = {"kmer_logreg": kmer_logreg}
