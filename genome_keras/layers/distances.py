"""What attention knows of the distance between two steps, as numbers."""

from math import lgamma

import numpy as np

from genome_keras.arguments import one_of


def distance_features(steps: int, features: int, kind: str = "enformer") -> np.ndarray:
    """Functions of the distance, and the same times its sign.

    Args:
        steps: of the sequence; distances are from -(steps - 1) to steps - 1.
        features: columns; a multiple of 6 for "enformer", of 2 for "borzoi".
        kind: "enformer", exponentials, masks of the middle and gamma densities, a third of
            each; or "borzoi", masks alone, whose widths are those of 4096 steps.

    Returns:
        float32 (2 * steps - 1, features).

    Raises:
        ValueError: another kind or number of features.

    Source: Avsec et al. 2021 (doi:10.1038/s41592-021-01252-x), supplementary methods, and its
        program: a gamma density is divided by its maximum over the distances. Numbers are
        float32 at every step, as there: the densities are of numbers of thousands, and
        rounded otherwise they would be others by up to 0.002. Linder et al. 2025
        (doi:10.1038/s41588-024-02053-6), for "borzoi".

    Example:
        >>> distance_features(3, 2, "borzoi").tolist()  # one mask is of all distances
        [[1.0, -1.0], [1.0, -1.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]]
    """
    kinds = {"enformer": (_exponentials, _masks, _gammas), "borzoi": (_borzoi_masks,)}
    one_of(kind=kind, accepted=kinds)
    parts = kinds[kind]
    if features < 1 or features % (2 * len(parts)):
        raise ValueError(
            f"features must be a multiple of {2 * len(parts)}. Received: features={features}"
        )
    distances = np.arange(-steps + 1, steps).astype(np.float32)[:, None]
    count = features // (2 * len(parts))
    unsigned = np.concatenate([part(np.abs(distances), count, steps) for part in parts], 1)
    return np.concatenate([unsigned, np.sign(distances) * unsigned], 1).astype(np.float32)


def _exponentials(distances, count, steps):
    half = np.float32(2) ** np.linspace(3.0, np.log2(steps), count, dtype=np.float32)
    return np.exp(-np.float32(np.log(2)) / half * distances)


def _masks(distances, count, steps):
    return (np.float32(2) ** np.arange(1, count + 1) - 1 > distances).astype(np.float32)


def _borzoi_masks(distances, count, steps, trained=4096):
    rate = np.exp(np.log(trained + 1) / count)
    return ((rate ** np.arange(1, count + 1)).astype(np.float32) - 1 > distances).astype(np.float32)


def _gammas(distances, count, steps):
    mean = np.linspace(steps / count, steps, count, dtype=np.float32)
    deviation = np.float32(steps / (2 * count))
    shape, rate = (mean / deviation) ** 2, mean / deviation**2
    with np.errstate(divide="ignore"):
        logs = np.log(distances)
    constant = np.float32([lgamma(each) for each in shape]) - shape * np.log(rate)
    density = np.exp((shape - 1) * logs - rate * distances - constant) + np.float32(1e-8)
    return density / density.max(0, keepdims=True)
