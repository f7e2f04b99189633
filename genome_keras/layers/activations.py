"""Activations of the published programs that Keras 3 does not have."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("genome_keras")
def threshold(x: Any) -> Any:
    """x where it is positive, 1e-6 elsewhere.

    Source: the rectifier of DeepSEA, Torch's `Threshold(0, 1e-6)`.

    Example:
        >>> float(threshold(ops.array([2.0, -1.0]))[0])
        2.0
    """
    return ops.threshold(x, 0, 1e-6)


@keras.saving.register_keras_serializable("genome_keras")
def hard_sigmoid(x: Any) -> Any:
    """0.2 x + 0.5, clipped to 0 and 1.

    Source: Keras 0.x to 2.x, whose recurrent gates it was; Keras 3's function of this
        name has the slope 1/6.

    Example:
        >>> keras.ops.convert_to_numpy(hard_sigmoid(ops.array([-9.0, 0.0, 9.0]))).tolist()
        [0.0, 0.5, 1.0]
    """
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


@keras.saving.register_keras_serializable("genome_keras")
def sigmoid_gelu(x: Any) -> Any:
    """x times the sigmoid of 1.702 x.

    Source: the approximation of GELU in Hendrycks & Gimpel 2016 (arXiv:1606.08415) that
        Enformer's program has.

    Example:
        >>> float(sigmoid_gelu(ops.array([0.0]))[0])
        0.0
    """
    return x * ops.sigmoid(1.702 * x)


@keras.saving.register_keras_serializable("genome_keras")
def tanh_gelu(x: Any) -> Any:
    """GELU by way of tanh.

    Source: Hendrycks & Gimpel 2016 (arXiv:1606.08415), as in Borzoi's program.

    Example:
        >>> float(tanh_gelu(ops.array([0.0]))[0])
        0.0
    """
    return ops.gelu(x, approximate=True)
