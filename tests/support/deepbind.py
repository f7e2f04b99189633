"""DeepBind's parameter files made up, and their scores as the paper has them, one by one."""

import numpy as np

COMPLEMENT = np.array([3, 2, 1, 0, 4])


def parameter_file(*, width, both, mean, hidden, filters=3, seed=0):
    """Text of a parameter file of random numbers."""
    draw = np.random.default_rng(seed)
    features = filters * (1 + mean)
    sizes = {
        "detectors": width * 4 * filters,
        "thresholds": filters,
        "weights1": features * (hidden or 1),
        "biases1": hidden or 1,
        "weights2": hidden,
        "biases2": 1 if hidden else 0,
    }
    counts = {"reverse_complement": int(both), "num_detectors": filters, "detector_len": width}
    counts |= {"has_avg_pooling": int(mean), "num_hidden": hidden}
    lines = ["# made up", *(f"{name} = {value}" for name, value in counts.items())]
    for name, size in sizes.items():
        numbers = ",".join(f"{value:.9e}" for value in draw.normal(size=size))
        lines.append(f"{name} = {numbers}")
    return "\n".join(lines) + "\n"


def score(network, codes):
    """The score of one sequence by a `Network`: every place of every window in turn."""
    stretch = min(len(codes), network.width * 3 // 2)
    strands = [codes, COMPLEMENT[codes][::-1]] if network.both_strands else [codes]
    return max(
        _window(network, strand[first : first + stretch])
        for strand in strands
        for first in range(len(codes) - stretch + 1)
    )


def _window(network, codes):
    beyond = np.full((network.width - 1, 4), 0.25)
    letters = np.vstack([np.eye(4), np.full((1, 4), 0.25)])[codes]
    letters = np.concatenate([beyond, letters, beyond])
    responses = [
        np.einsum("wc,wcf->f", letters[place : place + network.width], network.detectors)
        for place in range(len(codes) + network.width - 1)
    ]
    responses = np.maximum(np.array(responses) + network.thresholds, 0)
    x = responses.max(0)
    if network.readout == "both":
        x = np.stack([x, responses.mean(0)], -1).reshape(-1)
    *first, (kernel, bias) = network.layers
    for weights, shift in first:
        x = np.maximum(x @ weights + shift, 0)
    return (x @ kernel + bias)[0]
