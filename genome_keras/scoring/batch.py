"""The scores of one batch, in the one shape a model is compiled for."""

import numpy as np


def batch_scores(model, codes, batch_size):
    """What a model gives for a batch, padded with N to one shape: a new one is compiled anew.

    Args:
        model: a `keras.Model`.
        codes: uint8 (n, window), n at most `batch_size`.
        batch_size: windows of the shape.

    Returns:
        Array of n rows.
    """
    padded = codes
    if len(codes) < batch_size:
        padded = np.full((batch_size, codes.shape[1]), 4, np.uint8)
        padded[: len(codes)] = codes
    return np.asarray(model.predict_on_batch(padded))[: len(codes)]
